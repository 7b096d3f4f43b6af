//! AWS STS (AWS Query protocol, version 2011-06-15): GetCallerIdentity and AssumeRole.

use super::{AwsError, Call, REQUEST_ID, escape_xml};
use crate::answer::Answer;
use crate::ledger::{Credential, Shared};
use crate::listener::Received;
use crate::signature;
use crate::timestamp;

pub(super) fn operation(request: &Received) -> String {
    let pairs = std::str::from_utf8(&request.body).ok().and_then(signature::query_pairs).unwrap_or_default();
    pairs.into_iter().find(|(key, _)| key == "Action").map(|(_, value)| value).unwrap_or_default()
}

pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    match call.operation {
        "GetCallerIdentity" => Ok(caller_identity(call.caller)),
        "AssumeRole" => assume_role(shared, call),
        other => {
            Err(AwsError::new(400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15")))
        }
    }
}

fn caller_identity(caller: &Credential) -> Answer {
    let body = format!(
        "<GetCallerIdentityResult>\n    <Arn>{}</Arn>\n    <UserId>AROALOOPBACK:{}</UserId>\n    <Account>{}</Account>\n  \
         </GetCallerIdentityResult>",
        escape_xml(&caller.arn()),
        escape_xml(&caller.session_name),
        caller.account
    );
    response("GetCallerIdentity", &body)
}

fn assume_role(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    let (arn, session_name) = (call.text("RoleArn"), call.text("RoleSessionName"));
    check_session(call, session_name)?;
    let denied = || {
        let message =
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", call.caller.arn());
        AwsError::new(403, "AccessDenied", message)
    };
    let (account, role) =
        role_of(arn).ok_or_else(|| AwsError::new(400, "ValidationError", format!("{arn} is invalid")))?;
    let trusted = shared
        .account(account)
        .and_then(|account| account.roles.iter().find(|spec| spec.name == role))
        .ok_or_else(denied)?;
    if trusted.external_id.as_deref().is_some_and(|id| id != call.text("ExternalId")) {
        return Err(denied());
    }
    let mut ledger = shared.ledger();
    ledger.assumed += 1;
    let number = ledger.assumed;
    let credential = Credential {
        access_key: format!("ASIALOOPBACKROLE{number:04}"),
        secret: format!("loopback/assumed+secret/{number:016}"),
        session_token: format!("loopback+assumed/session/token/{number:08}=="),
        account: account.to_owned(),
        role: role.to_owned(),
        session_name: session_name.to_owned(),
    };
    ledger.credentials.push(credential.clone());
    Ok(assumed(&credential))
}

/// The limits of the STS API reference, AssumeRole.
fn check_session(call: &Call<'_>, session_name: &str) -> Result<(), AwsError> {
    let named = session_name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter));
    if !named || !(2..=64).contains(&session_name.len()) {
        let message = format!(
            "1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\w+=,.@-]* and have length between 2 and 64"
        );
        return Err(AwsError::new(400, "ValidationError", message));
    }
    let seconds = call.text("DurationSeconds");
    let allowed = seconds.is_empty() || seconds.parse().is_ok_and(|seconds: u32| (900..=43_200).contains(&seconds));
    if allowed {
        Ok(())
    } else {
        Err(AwsError::new(400, "ValidationError", "DurationSeconds must be between 900 and 43200"))
    }
}

/// The account and the name (without its path) in a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let head = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, resource) = (parts.next()?, parts.next()?);
    let path = resource.strip_prefix("role/")?;
    let proper =
        head.0 == "arn" && head.1.starts_with("aws") && head.2 == "iam" && head.3.is_empty() && account.len() == 12;
    proper.then(|| (account, path.rsplit('/').next().unwrap_or(path)))
}

fn assumed(credential: &Credential) -> Answer {
    // The SDK treats credentials as expired by the machine's clock, so that is where the hour starts.
    #[allow(clippy::cast_possible_truncation)]
    let expiration = timestamp::rfc3339(timestamp::now() as i64 + 3600);
    let body = format!(
        "<AssumeRoleResult>\n    <AssumedRoleUser>\n      <AssumedRoleId>AROALOOPBACK:{session}</AssumedRoleId>\n      \
         <Arn>{arn}</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n      <AccessKeyId>{key}</AccessKeyId>\n      \
         <SecretAccessKey>{secret}</SecretAccessKey>\n      <SessionToken>{token}</SessionToken>\n      \
         <Expiration>{expiration}</Expiration>\n    </Credentials>\n  </AssumeRoleResult>",
        session = escape_xml(&credential.session_name),
        arn = escape_xml(&credential.arn()),
        key = credential.access_key,
        secret = credential.secret,
        token = credential.session_token,
    );
    response("AssumeRole", &body)
}

fn response(operation: &str, result: &str) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  {result}\n  <ResponseMetadata>\n    \
         <RequestId>{REQUEST_ID}</RequestId>\n  </ResponseMetadata>\n</{operation}Response>\n"
    );
    Answer::new(200, "text/xml", body)
}
