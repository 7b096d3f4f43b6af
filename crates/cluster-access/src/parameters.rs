//! The rule parameters that say which clusters are evaluated, and as whom.

use eks_rules::{Configuration, Globs, ParameterError, RuleName, RuleParameters};
use serde_json::{Map, Value};

/// The parameters of an invocation that are not about the judgement.
pub const ACCESS_PARAMETERS: &[&str] =
    &["clusters", "excludedClusters", "executionRoleName", "externalId", "notJudged"];

/// Which clusters, with which role, and what to say of a cluster that cannot be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessParameters {
    clusters: Globs,
    excluded_clusters: Globs,
    /// Name (with its path, if any) of the role to assume in the event's account; none for the function's own role.
    pub execution_role_name: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// What AWS Config is told of a cluster that cannot be judged.
    pub not_judged: NotJudgedPolicy,
}

/// The parameter `notJudged`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotJudgedPolicy {
    /// AWS Config keeps its earlier result.
    Keep,
    /// The cluster is reported NON_COMPLIANT.
    NonCompliant,
}

impl AccessParameters {
    /// Takes the access parameters and leaves the rest.
    ///
    /// # Errors
    /// A value that is not allowed.
    pub fn take(parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let clusters = parameters.globs("clusters")?;
        let excluded_clusters = parameters.globs("excludedClusters")?;
        let execution_role_name = match parameters.take("executionRoleName") {
            Some((given_name, role)) if !is_role_name(&role) => {
                let allowed = "the name of an IAM role without its ARN: letters, digits and +=,.@_-, a path before it";
                return Err(ParameterError::new(&given_name, &role, allowed));
            }
            given => given.map(|(_, role)| role.trim_start_matches('/').to_owned()),
        };
        let external_id = parameters.take("externalId").map(|(_, id)| id);
        let policies = [("keep", NotJudgedPolicy::Keep), ("nonCompliant", NotJudgedPolicy::NonCompliant)];
        let not_judged = parameters.one_of("notJudged", &policies, NotJudgedPolicy::Keep)?;
        Ok(Self { clusters, excluded_clusters, execution_role_name, external_id, not_judged })
    }

    /// Whether the cluster is in scope.
    #[must_use]
    pub fn includes(&self, cluster: &str) -> bool {
        (self.clusters.is_empty() || self.clusters.matches(cluster)) && !self.excluded_clusters.matches(cluster)
    }
}

/// Validates all parameters of a rule at once.
///
/// # Errors
/// The first parameter that is unknown, missing or not allowed.
pub(crate) fn parse(
    rule: RuleName,
    parameters: &Map<String, Value>,
) -> Result<(AccessParameters, Configuration), ParameterError> {
    let mut parameters = RuleParameters::from_json(parameters)?;
    let access = AccessParameters::take(&mut parameters)?;
    let configuration = Configuration::take(rule, &mut parameters)?;
    parameters.finish()?;
    Ok((access, configuration))
}

/// IAM: a name of up to 64 characters, with an optional path, such as `security/eks-config-rules`.
fn is_role_name(role: &str) -> bool {
    let name = role.rsplit('/').next().unwrap_or(role);
    let allowed = |character: char| character.is_ascii_alphanumeric() || "+=,.@_-/".contains(character);
    !name.is_empty() && name.len() <= 64 && role.len() <= 512 && role.chars().all(allowed)
}
