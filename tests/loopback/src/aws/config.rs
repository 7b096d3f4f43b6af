//! AWS Config (AWS JSON 1.1, `StarlingDoveService`): PutEvaluations with all its limits, GetComplianceDetailsByConfigRule,
//! GetResourceConfigHistory. The limits are those of the AWS Config API reference (data type Evaluation, action PutEvaluations).

use serde_json::{Value, json};

use super::{AwsError, Call};
use crate::answer::Answer;
use crate::fault::FaultAction;
use crate::ledger::{PutCall, Shared, StoredEvaluation};
use crate::listener::Received;

pub(super) fn operation(request: &Received) -> String {
    request.header("x-amz-target").strip_prefix("StarlingDoveService.").unwrap_or_default().to_owned()
}

pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    if !call.input.is_object() {
        return Err(AwsError::new(400, "SerializationException", "The request body is no JSON object"));
    }
    let output = match call.operation {
        "PutEvaluations" => put_evaluations(shared, call)?,
        "GetComplianceDetailsByConfigRule" => compliance_details(shared, call)?,
        "GetResourceConfigHistory" => resource_config_history(shared, call)?,
        other => return Err(AwsError::new(400, "UnknownOperationException", other)),
    };
    Ok(Answer::new(200, "application/x-amz-json-1.1", output.to_string()))
}

fn put_evaluations(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let empty = Vec::new();
    let sent = match &call.input["Evaluations"] {
        Value::Null => &empty,
        Value::Array(sent) => sent,
        _ => return Err(AwsError::new(400, "SerializationException", "Evaluations is not a list")),
    };
    if sent.len() > 100 {
        return Err(constraint("evaluations", "Member must have length less than or equal to 100"));
    }
    for (index, evaluation) in sent.iter().enumerate() {
        check(evaluation, index + 1)?;
    }
    let test_mode = call.input["TestMode"].as_bool().unwrap_or(false);
    let token =
        call.input["ResultToken"].as_str().ok_or_else(|| constraint("resultToken", "Member must not be null"))?;
    let mut ledger = shared.ledger();
    let rule = match ledger.result_tokens.get(token) {
        Some((rule, account)) if *account == call.caller.account => rule.clone(),
        _ if test_mode => String::new(),
        _ => return Err(AwsError::new(400, "InvalidResultTokenException", "The specified ResultToken is invalid.")),
    };
    let evaluations: Vec<StoredEvaluation> =
        sent.iter().map(|evaluation| stored(&rule, &call.caller.account, evaluation)).collect();
    let failed = match call.fault {
        Some(FaultAction::FailEvaluations(failed)) => (*failed).min(sent.len()),
        _ => 0,
    };
    if !test_mode {
        evaluations.iter().skip(failed).for_each(|evaluation| ledger.store(evaluation.clone()));
    }
    ledger.put_calls.push(PutCall {
        rule,
        account: call.caller.account.clone(),
        access_key: call.caller.access_key.clone(),
        result_token: token.to_owned(),
        test_mode,
        evaluations,
        failed,
    });
    Ok(json!({"FailedEvaluations": &sent[..failed]}))
}

/// One evaluation against the limits; `number` counts from 1, as AWS does in its messages.
fn check(evaluation: &Value, number: usize) -> Result<(), AwsError> {
    let member = |name: &str| format!("evaluations.{number}.member.{name}");
    check_length(&evaluation["ComplianceResourceType"], &member("complianceResourceType"), 256, true)?;
    check_length(&evaluation["ComplianceResourceId"], &member("complianceResourceId"), 768, true)?;
    check_length(&evaluation["Annotation"], &member("annotation"), 256, false)?;
    match evaluation["ComplianceType"].as_str() {
        Some("COMPLIANT" | "NON_COMPLIANT" | "NOT_APPLICABLE") => {}
        Some("INSUFFICIENT_DATA") => {
            let message = "INSUFFICIENT_DATA is not a valid ComplianceType for PutEvaluations.";
            return Err(AwsError::new(400, "InvalidParameterValueException", message));
        }
        _ => {
            let allowed =
                "Member must satisfy enum value set: [COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA]";
            return Err(constraint(&member("complianceType"), allowed));
        }
    }
    match &evaluation["OrderingTimestamp"] {
        Value::Number(_) => Ok(()),
        Value::Null => Err(constraint(&member("orderingTimestamp"), "Member must not be null")),
        _ => Err(AwsError::new(400, "SerializationException", "OrderingTimestamp: a timestamp is a number of seconds")),
    }
}

/// AWS does not say how it counts, so the stricter of characters and UTF-16 units holds.
fn check_length(value: &Value, member: &str, most: usize, required: bool) -> Result<(), AwsError> {
    match value {
        Value::Null if required => Err(constraint(member, "Member must not be null")),
        Value::Null => Ok(()),
        Value::String(text) if text.is_empty() => {
            Err(constraint(member, "Member must have length greater than or equal to 1"))
        }
        Value::String(text) if text.chars().count().max(text.encode_utf16().count()) > most => {
            Err(constraint(member, &format!("Member must have length less than or equal to {most}")))
        }
        Value::String(_) => Ok(()),
        _ => Err(AwsError::new(400, "SerializationException", format!("{member} is not a string"))),
    }
}

fn constraint(member: &str, constraint: &str) -> AwsError {
    let message =
        format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}");
    AwsError::new(400, "ValidationException", message)
}

fn stored(rule: &str, account: &str, evaluation: &Value) -> StoredEvaluation {
    let text = |member: &str| evaluation[member].as_str().unwrap_or_default().to_owned();
    StoredEvaluation {
        rule: rule.to_owned(),
        account: account.to_owned(),
        resource_type: text("ComplianceResourceType"),
        resource_id: text("ComplianceResourceId"),
        compliance_type: text("ComplianceType"),
        annotation: evaluation["Annotation"].as_str().map(str::to_owned),
        ordering_timestamp: evaluation["OrderingTimestamp"].as_f64().unwrap_or_default(),
    }
}

fn compliance_details(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let (rule, account) = (call.text("ConfigRuleName"), &call.caller.account);
    let ledger = shared.ledger();
    if !ledger.rules.contains(&(rule.to_owned(), account.clone())) {
        let message =
            format!("The ConfigRule '{rule}' provided in the request is invalid. Please check the configRule name");
        return Err(AwsError::new(400, "NoSuchConfigRuleException", message));
    }
    let wanted: Option<Vec<&str>> =
        call.input["ComplianceTypes"].as_array().map(|types| types.iter().filter_map(Value::as_str).collect());
    let held: Vec<&StoredEvaluation> = ledger
        .evaluations
        .values()
        .filter(|evaluation| evaluation.rule == rule && evaluation.account == *account)
        .filter(|evaluation| {
            wanted.as_ref().is_none_or(|types| types.is_empty() || types.contains(&evaluation.compliance_type.as_str()))
        })
        .collect();
    let invalid = || AwsError::new(400, "InvalidNextTokenException", "The specified nextToken is invalid.");
    let start: usize = match call.text("NextToken") {
        "" => 0,
        token => token.strip_prefix("details+").and_then(|start| start.parse().ok()).ok_or_else(invalid)?,
    };
    let page = page_size(call.input["Limit"].as_u64(), shared.spec.compliance_details_page)?;
    let end = (start + page).min(held.len());
    let results: Vec<Value> = held.get(start..end).unwrap_or_default().iter().map(|held| result(held)).collect();
    let next = match call.fault {
        Some(FaultAction::RepeatPage) => Some(start),
        _ => (end < held.len()).then_some(end),
    };
    let mut output = json!({"EvaluationResults": results});
    if let Some(next) = next {
        output["NextToken"] = Value::String(format!("details+{next}"));
    }
    Ok(output)
}

/// `Limit` is 0 to 100, and 0 means the default.
fn page_size(limit: Option<u64>, most: usize) -> Result<usize, AwsError> {
    match limit {
        None | Some(0) => Ok(most),
        Some(limit) if limit <= 100 => Ok(most.min(usize::try_from(limit).unwrap_or(most))),
        Some(_) => {
            Err(AwsError::new(400, "InvalidLimitException", "The specified limit is outside the allowable range."))
        }
    }
}

fn result(held: &StoredEvaluation) -> Value {
    let mut result = json!({
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": held.rule,
                "ResourceType": held.resource_type,
                "ResourceId": held.resource_id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": held.ordering_timestamp,
        },
        "ComplianceType": held.compliance_type,
        "ResultRecordedTime": held.ordering_timestamp + 2.5,
        "ConfigRuleInvokedTime": held.ordering_timestamp + 0.5,
    });
    if let Some(annotation) = &held.annotation {
        result["Annotation"] = Value::String(annotation.clone());
    }
    result
}

fn resource_config_history(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let (kind, id) = (call.text("resourceType"), call.text("resourceId"));
    let cluster =
        shared.cluster(&call.caller.account, id).filter(|_| kind == "AWS::EKS::Cluster").ok_or_else(|| {
            let message = format!("Resource {id} of resourceType:{kind} is unknown or has not been discovered");
            AwsError::new(400, "ResourceNotDiscoveredException", message)
        })?;
    let arn = format!("arn:aws:eks:{}:{}:cluster/{id}", shared.spec.region, cluster.account);
    let configuration = json!({"Name": id, "Arn": arn, "Version": cluster.spec.version, "Tags": []});
    Ok(json!({"configurationItems": [{
        "version": "1.3",
        "accountId": cluster.account,
        "configurationItemCaptureTime": call.input["laterTime"].as_f64().unwrap_or(1_735_786_800.0),
        "configurationItemStatus": "OK",
        "configurationStateId": "1735786800123",
        "arn": arn,
        "resourceType": kind,
        "resourceId": id,
        "resourceName": id,
        "awsRegion": shared.spec.region,
        "availabilityZone": "Not Applicable",
        "relationships": [],
        "configuration": configuration.to_string(),
        "supplementaryConfiguration": {},
    }]}))
}
