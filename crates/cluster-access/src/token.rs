//! The bearer token by which EKS knows an IAM identity: a presigned GetCallerIdentity, which the cluster's authenticator
//! sends to STS. Its rules are aws-iam-authenticator's: only the query keys of Signature Version 4, the cluster's name in
//! a signed header, at most fifteen minutes.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::service_config::ServiceConfigKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::{Cause, NotJudged};

/// The prefix of every token.
const PREFIX: &str = "k8s-aws-v1.";

/// The header that binds a token to its cluster.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";

/// For how long STS takes the presigned request. The authenticator itself goes by the signing time.
const EXPIRES_IN: Duration = Duration::from_secs(60);

/// Signs the tokens of one cluster and renews them in time.
pub(crate) struct TokenSource {
    config: SdkConfig,
    region: String,
    cluster: String,
    good_for: Duration,
    current: Mutex<Option<(HeaderValue, Instant)>>,
}

impl TokenSource {
    /// A source of tokens for a cluster of a region, signed with the credentials of `config`, each used for a while.
    pub(crate) fn new(config: &SdkConfig, region: &str, cluster: &str, good_for: Duration) -> Self {
        Self {
            config: config.clone(),
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            good_for,
            current: Mutex::new(None),
        }
    }

    /// The value of the Authorization header, marked as sensitive. A new token is signed where there is none, where it
    /// is too old, or where it is the `refused` one.
    pub(crate) async fn authorization(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, NotJudged> {
        let mut current = self.current.lock().await;
        if let Some((value, signed)) = current.as_ref()
            && signed.elapsed() < self.good_for
            && refused != Some(value)
        {
            return Ok(value.clone());
        }
        let value = self.sign().await.map_err(|source| NotJudged::Token { source })?;
        *current = Some((value.clone(), Instant::now()));
        Ok(value)
    }

    async fn sign(&self) -> Result<HeaderValue, Cause> {
        let provider = self.config.credentials_provider().ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await?;
        let endpoint = sts_endpoint(&self.config, &self.region).await?;
        let token = token(&endpoint, &self.region, &self.cluster, credentials, SystemTime::now())?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The STS endpoint of the region, or the one that stands in for it.
async fn sts_endpoint(config: &SdkConfig, region: &str) -> Result<String, Cause> {
    let key = ServiceConfigKey::builder().service_id("STS").env("AWS_ENDPOINT_URL").profile("endpoint_url").build()?;
    let overridden = config.service_config().and_then(|service| service.load_config(key));
    let overridden = overridden.or_else(|| config.endpoint_url().map(str::to_owned));
    if let Some(url) = overridden.filter(|url| !url.is_empty()) {
        return Ok(url);
    }
    let parameters = Params::builder().region(region).build()?;
    Ok(DefaultResolver::new().resolve_endpoint(&parameters).await?.url().to_owned())
}

/// Signs a token at a given time.
fn token(
    endpoint: &str,
    region: &str,
    cluster: &str,
    credentials: Credentials,
    time: SystemTime,
) -> Result<String, Cause> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES_IN);
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(time)
        .settings(settings)
        .build()?;
    let url = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", endpoint.trim_end_matches('/'));
    let headers = [(CLUSTER_HEADER, cluster)];
    let request = SignableRequest::new("GET", url.as_str(), headers.into_iter(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &parameters.into())?.into_parts();
    let mut presigned = http::Request::get(url).body(())?;
    instructions.apply_to_request_http1x(&mut presigned);
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(presigned.uri().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        Credentials::new("AKIDEXAMPLE", secret, Some("TOKEN+/=".to_owned()), None, "test")
    }

    /// The presigned URL of the token for cluster `demo` on 2026-01-02T03:04:05Z.
    fn presigned(endpoint: &str) -> String {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let token = token(endpoint, "eu-west-1", "demo", credentials(), time).unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_token_has_the_signature_that_botocore_makes() {
        let url = presigned("https://sts.eu-west-1.amazonaws.com");
        assert!(
            url.contains("X-Amz-Signature=37cc77b5ef6f54b127f63bdd1c9d7c4ea7ad5134bf8a94738bfac32e34080bba"),
            "{url}"
        );
        assert!(url.contains("X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"), "{url}");
    }

    #[test]
    fn the_token_has_only_the_query_keys_that_the_authenticator_takes() {
        let url = presigned("https://sts.eu-west-1.amazonaws.com");
        let (path, query) = url.split_once('?').unwrap();
        assert_eq!(path, "https://sts.eu-west-1.amazonaws.com/");
        let mut keys: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
        keys.sort_unstable();
        let expected = [
            "Action",
            "Version",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-Security-Token",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
        ];
        assert_eq!(keys, expected);
    }

    /// A token that the AWS CLI signed (`tests/oracles/eks_tokens.py`).
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Signed {
        access_key: String,
        secret: String,
        session_token: Option<String>,
        region: String,
        cluster: String,
        time: u64,
        token: String,
    }

    /// What a token says, without the order of the query, which the verifier does not look at.
    fn said(token: &str) -> Vec<String> {
        let url = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX).unwrap()).unwrap();
        let url = String::from_utf8(url).unwrap();
        let mut parts: Vec<String> = url.split(['?', '&']).map(str::to_owned).collect();
        parts.sort();
        parts
    }

    #[tokio::test]
    async fn every_token_says_what_the_one_of_the_aws_cli_says() {
        let json = match std::env::var_os("EKS_TOKEN_VECTORS") {
            Some(path) => std::fs::read_to_string(path).unwrap(),
            None => include_str!("testdata/eks_tokens.json").to_owned(),
        };
        let vectors: Vec<Signed> = serde_json::from_str(&json).unwrap();
        assert!(vectors.len() >= 30);
        for signed in vectors {
            let credentials =
                Credentials::new(signed.access_key, signed.secret, signed.session_token, None, "the AWS CLI's");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(signed.time);
            let endpoint = sts_endpoint(&SdkConfig::builder().build(), &signed.region).await.unwrap();
            let own = token(&endpoint, &signed.region, &signed.cluster, credentials, time).unwrap();
            assert_eq!(said(&own), said(&signed.token), "{} in {}", signed.cluster, signed.region);
        }
    }

    #[tokio::test]
    async fn the_sts_endpoint_is_the_regional_one_of_the_partition() {
        let config = SdkConfig::builder().build();
        for (region, endpoint) in [
            ("eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
            ("us-east-1", "https://sts.us-east-1.amazonaws.com"),
            ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"),
            ("us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov"),
        ] {
            assert_eq!(sts_endpoint(&config, region).await.unwrap(), endpoint);
        }
    }
}
