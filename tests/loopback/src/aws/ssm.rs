//! AWS Systems Manager (AWS JSON 1.1, `AmazonSSM`): GetParameter.

use serde_json::json;

use super::{AwsError, Call};
use crate::answer::Answer;
use crate::ledger::Shared;
use crate::listener::Received;

pub(super) fn operation(request: &Received) -> String {
    request.header("x-amz-target").strip_prefix("AmazonSSM.").unwrap_or_default().to_owned()
}

pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    if call.operation != "GetParameter" {
        return Err(AwsError::new(400, "UnknownOperationException", call.operation));
    }
    let name = call.text("Name");
    let account = &call.caller.account;
    let parameter = shared
        .account(account)
        .and_then(|account| account.parameters.iter().find(|parameter| parameter.name == name))
        .ok_or_else(|| AwsError::new(400, "ParameterNotFound", format!("Parameter {name} not found.")))?;
    let output = json!({"Parameter": {
        "Name": parameter.name,
        "Type": parameter.kind,
        "Value": parameter.value,
        "Version": 1,
        "LastModifiedDate": 1_735_786_800.123,
        "ARN": format!("arn:aws:ssm:{}:{account}:parameter/{}", shared.spec.region, parameter.name.trim_start_matches('/')),
        "DataType": "text",
    }});
    Ok(Answer::new(200, "application/x-amz-json-1.1", output.to_string()))
}
