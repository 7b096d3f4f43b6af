//! The add-ons of a cluster, as the EKS API knows them.

use std::fmt;

use aws_sdk_eks::error::ProvideErrorMetadata;

use crate::aws::Aws;
use crate::error::NotJudged;

/// The add-ons of one cluster.
pub(crate) struct Addons {
    aws: Aws,
    cluster: String,
}

impl fmt::Debug for Addons {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Addons").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl Addons {
    pub(crate) fn new(aws: &Aws, cluster: &str) -> Self {
        Self { aws: aws.clone(), cluster: cluster.to_owned() }
    }

    /// The configuration values of the add-on `vpc-cni`: empty where it has none, nothing where the cluster does not
    /// have the add-on.
    pub(crate) async fn vpc_cni(&self) -> Result<Option<String>, NotJudged> {
        let answer = self.aws.eks().describe_addon().cluster_name(&self.cluster).addon_name("vpc-cni").send().await;
        match answer {
            Ok(answer) => Ok(answer.addon.map(|addon| addon.configuration_values.unwrap_or_default())),
            Err(error) if error.as_service_error().is_some_and(|cause| cause.is_resource_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => {
                let forbidden = error.code().is_some_and(|code| code.starts_with("AccessDenied"));
                Err(NotJudged::DescribeAddon { forbidden, source: error.into() })
            }
        }
    }
}
