//! Who calls AWS: the function's own role, or a role assumed in the event's account.

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use eks_rules::RuleName;

use crate::error::{Cause, InvocationError};
use crate::network::Network;

/// A caller of AWS: region, credentials, endpoints, and the network that all calls share.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    network: Network,
}

impl Aws {
    /// The caller that the environment describes, in `region` where it is given. Nothing is called yet.
    ///
    /// Every endpoint can be overridden by `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`.
    pub async fn load(region: Option<String>) -> Self {
        let network = Network::default();
        let mut loader = network.aws_config();
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        Self::new(loader.load().await, network)
    }

    /// The caller of a configuration, which [`Network::aws_config`] began.
    #[must_use]
    pub const fn new(config: SdkConfig, network: Network) -> Self {
        Self { config, network }
    }

    /// The region, where the environment has one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref)
    }

    /// The client of the EKS API.
    pub(crate) fn eks(&self) -> aws_sdk_eks::Client {
        aws_sdk_eks::Client::new(&self.config)
    }

    /// The client of Elastic Container Registry in a region, which shares HTTP client and credentials with all others.
    pub(crate) fn ecr(&self, region: &str) -> aws_sdk_ecr::Client {
        let config = aws_sdk_ecr::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_ecr::Client::from_conf(config.build())
    }

    /// The client of Systems Manager.
    pub(crate) fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.config)
    }

    /// The client of the AWS Config API.
    pub(crate) fn config_service(&self) -> aws_sdk_config::Client {
        aws_sdk_config::Client::new(&self.config)
    }

    /// The shared configuration, from which the token is signed.
    pub(crate) const fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// The network, over which clusters are reached too.
    pub(crate) const fn network(&self) -> &Network {
        &self.network
    }

    /// The account that these credentials belong to. The call needs no permission.
    ///
    /// # Errors
    /// No credentials, or an STS endpoint that cannot be reached.
    pub async fn account(&self) -> Result<String, InvocationError> {
        let identity = self.identity().await?;
        identity.account.ok_or_else(|| unidentified(None))
    }

    /// The ARN that these credentials belong to, by the same call.
    pub(crate) async fn arn(&self) -> Result<String, InvocationError> {
        let identity = self.identity().await?;
        identity.arn.ok_or_else(|| unidentified(None))
    }

    async fn identity(&self) -> Result<GetCallerIdentityOutput, InvocationError> {
        let sts = aws_sdk_sts::Client::new(&self.config);
        sts.get_caller_identity().send().await.map_err(|cause| unidentified(Some(cause.into())))
    }

    /// The same caller with a role assumed in the event's account.
    ///
    /// # Errors
    /// A role that may not be assumed, and one of another account than the event's.
    pub async fn assume(&self, role: &AssumedRole<'_>) -> Result<Self, InvocationError> {
        let session = format!("eks-config-rules-{}", role.rule);
        self.assume_role(&role.arn(), &session, role.external_id, role.account).await
    }

    /// The same caller with a role assumed by its ARN.
    ///
    /// # Errors
    /// What is no ARN of a role, and a role that may not be assumed.
    pub async fn assume_arn(&self, arn: &str) -> Result<Self, InvocationError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "iam", "", account, resource] if resource.starts_with("role/") => {
                self.assume_role(arn, "eks-config-rules", None, account).await
            }
            _ => Err(InvocationError::Credentials {
                doing: format!("{arn:?} is not the ARN of a role"),
                advice: "give it as arn:aws:iam::111122223333:role/NAME".to_owned(),
                source: None,
            }),
        }
    }

    async fn assume_role(
        &self,
        arn: &str,
        session: &str,
        external_id: Option<&str>,
        account: &str,
    ) -> Result<Self, InvocationError> {
        let error = |doing: String, source| InvocationError::Credentials {
            doing,
            advice: format!(
                "let the caller's role call sts:AssumeRole on {arn}, and let that role trust it (infra/member-role.yaml)"
            ),
            source,
        };
        let answer = aws_sdk_sts::Client::new(&self.config)
            .assume_role()
            .role_arn(arn)
            .role_session_name(session)
            .set_external_id(external_id.map(str::to_owned))
            .send()
            .await
            .map_err(|cause| error(format!("AssumeRole of {arn} failed"), Some(cause.into())))?;
        let assumed = answer.assumed_role_user.map(|user| user.arn).unwrap_or_default();
        if assumed.split(':').nth(4) != Some(account) {
            return Err(error(format!("AssumeRole gave {assumed:?}, which is not of account {account}"), None));
        }
        let given =
            answer.credentials.ok_or_else(|| error(format!("AssumeRole of {arn} gave no credentials"), None))?;
        let expires = given.expiration.try_into().ok();
        let (key, secret, token) = (given.access_key_id, given.secret_access_key, given.session_token);
        let credentials = Credentials::new(key, secret, Some(token), expires, "AssumeRole");
        let builder = self.config.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials));
        Ok(Self { config: builder.build(), network: self.network.clone() })
    }
}

/// There are no credentials, or nobody says whose they are.
fn unidentified(source: Option<Cause>) -> InvocationError {
    InvocationError::Credentials {
        doing: "GetCallerIdentity failed".to_owned(),
        advice: "look at the function's credentials and its way to the STS endpoint".to_owned(),
        source,
    }
}

/// A role to assume in the event's account.
#[derive(Clone, Copy, Debug)]
pub struct AssumedRole<'a> {
    /// The partition, such as `aws`.
    pub partition: &'a str,
    /// The account of the event.
    pub account: &'a str,
    /// The role's name, with its path if it has one.
    pub name: &'a str,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<&'a str>,
    /// The rule, which the session's name tells.
    pub rule: RuleName,
}

impl AssumedRole<'_> {
    fn arn(&self) -> String {
        format!("arn:{}:iam::{}:role/{}", self.partition, self.account, self.name)
    }
}
