//! Lists that are too long for AWS Config's 1,024 characters of rule parameters: `ssm:NAME` stands for the value of a
//! Systems Manager parameter.

use std::collections::BTreeMap;

use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::ParameterType;
use eks_rules::ParameterError;
use serde_json::{Map, Value};

use crate::aws::Aws;
use crate::error::chain;

/// What marks a reference.
const PREFIX: &str = "ssm:";

/// The rule parameters that may be given as a reference, aliases included: every list, and the exemptions.
const LISTS: [&str; 8] = [
    "clusters",
    "inscopeclusters",
    "excludedClusters",
    "excludedNamespaces",
    "trustedRegistries",
    "trusted_registries",
    "trustedChartSources",
    "exemptions",
];

/// What a Systems Manager parameter may be.
const ALLOWED: &str = "ssm:NAME of a Systems Manager parameter of type String or StringList, in the function's own account \
    and region, that its role may read (ssm:GetParameter)";

/// Whether a rule parameter is given as a reference.
#[must_use]
pub fn is_reference(parameter: &str, value: &Value) -> bool {
    LISTS.contains(&parameter) && referenced(value).is_some()
}

/// The name in a reference.
fn referenced(value: &Value) -> Option<&str> {
    value.as_str()?.trim().strip_prefix(PREFIX)
}

/// Replaces each reference by the value that it stands for, asking once for each name, with the caller's own role.
///
/// # Errors
/// A parameter that is missing, may not be read, or is of another type: nothing can be judged with it.
pub async fn resolve(aws: &Aws, parameters: &mut Map<String, Value>) -> Result<(), ParameterError> {
    let mut read: BTreeMap<String, String> = BTreeMap::new();
    for (parameter, value) in parameters.iter_mut().filter(|(parameter, _)| LISTS.contains(&parameter.as_str())) {
        let Some(name) = referenced(value).map(str::to_owned) else {
            continue;
        };
        let text = match read.get(&name) {
            Some(text) => text.clone(),
            None => get(aws, parameter, &name).await?,
        };
        *value = Value::String(text.clone());
        read.insert(name, text);
    }
    Ok(())
}

async fn get(aws: &Aws, parameter: &str, name: &str) -> Result<String, ParameterError> {
    let error = |why: &str| ParameterError {
        parameter: parameter.to_owned(),
        given: format!("\"{PREFIX}{name}\" ({why})"),
        allowed: ALLOWED.to_owned(),
    };
    if name.is_empty() {
        return Err(error("without a name"));
    }
    let answer = aws.ssm().get_parameter().name(name).send().await.map_err(|cause| {
        let told = match (cause.code(), cause.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => chain(&cause),
        };
        error(&format!("GetParameter failed: {told}"))
    })?;
    let found = answer.parameter.ok_or_else(|| error("GetParameter gave nothing"))?;
    match found.r#type {
        Some(ParameterType::String | ParameterType::StringList) => found.value.ok_or_else(|| error("it has no value")),
        Some(other) => Err(error(&format!("it is a {}", other.as_str()))),
        None => Err(error("it has no type")),
    }
}
