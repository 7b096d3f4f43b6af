//! What ECR must say of the images in use: the parameters.

use super::scan::Severity;
use crate::image::is_account;
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Scene, Source};

/// The parameters that need ECR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gates {
    /// From which severity on a scan finding counts.
    pub(super) fail_on: Option<Severity>,
    /// Whether an image must have the result of a scan.
    pub(super) fail_unscanned: bool,
    /// Whether tags in use must be immutable.
    pub(super) immutable_tags: bool,
    /// Whether repositories in use must be encrypted with a key of Key Management Service.
    pub(super) kms_encryption: bool,
    /// The accounts whose registries are asked, besides the cluster's own.
    accounts: Vec<String>,
}

impl Gates {
    pub(super) fn take(parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let severities = Severity::NAMES.map(|(name, severity)| (name, Some(severity)));
        let fail_on = parameters.one_of("failOnSeverity", &severities, None)?;
        let fail_unscanned = parameters.one_of("unscanned", &[("report", false), ("fail", true)], false)?;
        let immutable_tags = parameters.boolean("requireImmutableTags")?;
        let kms_encryption = parameters.boolean("requireKmsEncryption")?;
        let (given_name, accounts) = parameters.list("scanAccounts");
        if let Some(entry) = accounts.iter().find(|entry| !is_account(entry)) {
            return Err(ParameterError::new(&given_name, entry, "a comma list of account ids, twelve digits each"));
        }
        Ok(Self { fail_on, fail_unscanned, immutable_tags, kms_encryption, accounts })
    }

    /// The first of the parameters that makes the rule ask ECR, as (name, value).
    pub(super) fn first(&self) -> Option<(&'static str, &'static str)> {
        let gates = [
            self.fail_on.map(|severity| ("failOnSeverity", severity.name())),
            self.fail_unscanned.then_some(("unscanned", "fail")),
            self.immutable_tags.then_some(("requireImmutableTags", "true")),
            self.kms_encryption.then_some(("requireKmsEncryption", "true")),
        ];
        gates.into_iter().flatten().next()
    }

    /// The first of the parameters that makes the rule ask ECR, where there is somebody to ask.
    ///
    /// # Errors
    /// Manifests, which run nothing and belong to no account.
    pub(super) fn on(&self, scene: &Scene) -> Result<bool, ParameterError> {
        match self.first() {
            Some((name, value)) if scene.source == Source::Manifests => Err(ParameterError::new(
                name,
                value,
                "only for a cluster (a function, or judge --cluster): what runs, and in whose account, is not in manifests",
            )),
            first => Ok(first.is_some()),
        }
    }

    /// Whether scans are asked for.
    pub(super) const fn scans(&self) -> bool {
        self.fail_on.is_some() || self.fail_unscanned
    }

    /// Whether the settings of repositories are asked for.
    pub(super) const fn settings(&self) -> bool {
        self.immutable_tags || self.kms_encryption
    }

    /// Whether the registries of an account are asked.
    pub(super) fn include(&self, account: &str, scene: &Scene) -> bool {
        scene.account.as_deref() == Some(account) || self.accounts.iter().any(|other| other == account)
    }
}
