//! The AWS endpoint: one plain-HTTP listener for every service, told apart by the signing name in the Authorization header.
//!
//! Every request must be signed with credentials of this world (Signature Version 4 in the Authorization header); the signature is
//! recomputed. Which account is calling follows from the access key.

mod config;
mod ecr;
mod eks;
mod ssm;
mod sts;

use std::io::Write;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::answer::{Answer, Delivery};
use crate::fault::{FaultAction, FaultTarget};
use crate::ledger::{AwsRequest, Credential, Shared};
use crate::listener::Received;
use crate::signature::{self, Signed};

/// A service of the endpoint: a row in [`SERVICES`].
struct Service {
    signing_name: &'static str,
    protocol: Protocol,
    /// The operation that a request asks for; empty for none that is known.
    operation: fn(&Received) -> String,
    answer: fn(&Shared, &Call<'_>) -> Result<Answer, AwsError>,
}

/// The services of this world. Another one is a module with these two functions, and a row.
static SERVICES: &[Service] = &[
    Service { signing_name: "sts", protocol: Protocol::Query, operation: sts::operation, answer: sts::answer },
    Service { signing_name: "eks", protocol: Protocol::RestJson, operation: eks::operation, answer: eks::answer },
    Service { signing_name: "ecr", protocol: Protocol::Json, operation: ecr::operation, answer: ecr::answer },
    Service { signing_name: "config", protocol: Protocol::Json, operation: config::operation, answer: config::answer },
    Service { signing_name: "ssm", protocol: Protocol::Json, operation: ssm::operation, answer: ssm::answer },
];

/// The wire form of answers and errors (Smithy's `restJson1`, `awsJson1_1` and `awsQuery`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    RestJson,
    Json,
    Query,
}

/// One authenticated request.
struct Call<'a> {
    operation: &'a str,
    caller: &'a Credential,
    /// The region that the request is signed for.
    region: &'a str,
    request: &'a Received,
    /// The decoded body, see [`AwsRequest::body`].
    input: &'a Value,
    /// A fault that the service itself carries out.
    fault: Option<&'a FaultAction>,
}

impl Call<'_> {
    /// A string member of the input; empty where absent.
    fn text(&self, member: &str) -> &str {
        self.input[member].as_str().unwrap_or_default()
    }
}

/// An error that a service answers.
#[derive(Debug)]
struct AwsError {
    status: u16,
    name: String,
    message: String,
}

impl AwsError {
    fn new(status: u16, name: &str, message: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), message: message.into() }
    }

    fn into_answer(self, protocol: Protocol) -> Answer {
        match protocol {
            Protocol::RestJson => {
                Answer::json(self.status, &json!({"message": self.message})).with_header("x-amzn-errortype", &self.name)
            }
            Protocol::Json => {
                let body = json!({"__type": self.name, "message": self.message});
                Answer::new(self.status, "application/x-amz-json-1.1", body.to_string())
            }
            Protocol::Query => {
                let body = format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    \
                     <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  <RequestId>{REQUEST_ID}</RequestId>\n</ErrorResponse>\n",
                    escape_xml(&self.name),
                    escape_xml(&self.message)
                );
                Answer::new(self.status, "text/xml", body)
            }
        }
    }
}

const REQUEST_ID: &str = "7a62c49f-347e-4fc4-9331-6e8e00000000";

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Answers one request to the AWS endpoint.
pub(crate) fn answer(shared: &Arc<Shared>, request: &Received) -> Delivery {
    let authorization = Authorization::read(request.header("authorization"));
    let name = authorization.as_ref().map(|authorization| authorization.service()).unwrap_or_default();
    let Some(service) = SERVICES.iter().find(|service| service.signing_name == name) else {
        let unknown = record(name, Protocol::Json, "", None, request);
        shared.ledger().aws_requests.push(AwsRequest { status: 403, ..unknown });
        let message = format!("The loopback world has no service with the signing name \"{name}\".");
        let error = AwsError::new(403, "MissingAuthenticationTokenException", message);
        return whole(error.into_answer(Protocol::RestJson));
    };
    let region = authorization.as_ref().map(|authorization| authorization.region()).unwrap_or_default();
    let caller = authorization
        .as_ref()
        .ok_or_else(|| AwsError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"))
        .and_then(|authorization| authenticate(shared, request, authorization));
    serve(shared, service, caller, region, request)
}

/// Lets the service answer, or the fault that is due.
fn serve(
    shared: &Shared,
    service: &Service,
    caller: Result<Credential, AwsError>,
    region: &str,
    request: &Received,
) -> Delivery {
    let operation = (service.operation)(request);
    let mut record = record(service.signing_name, service.protocol, &operation, caller.as_ref().ok(), request);
    let target = FaultTarget::Aws { service: service.signing_name.to_owned(), operation: operation.clone() };
    let fault = shared.ledger().script.strike(&target);
    let answer = match &fault {
        Some(FaultAction::AwsError { code, name, message }) => Err(AwsError::new(*code, name, message.clone())),
        // What the client takes for not done is not done.
        Some(action) if action.prevents() => Ok(Answer::new(200, "text/plain", "")),
        _ => caller.and_then(|caller| {
            let (operation, input, fault) = (operation.as_str(), &record.body, fault.as_ref());
            (service.answer)(shared, &Call { operation, caller: &caller, region, request, input, fault })
        }),
    };
    let answer = answer.unwrap_or_else(|error| error.into_answer(service.protocol));
    let answer = answer.with_header("x-amzn-requestid", REQUEST_ID);
    let delivery = match &fault {
        Some(action) => answer.spoiled(action),
        None => whole(answer),
    };
    record.status = delivery.status();
    keep(&record);
    shared.ledger().aws_requests.push(record);
    delivery
}

/// Appends the request to the file that `LOOPBACK_REQUESTS` names, one JSON object a line, so that something else than
/// this world can say whether AWS would take it. Several worlds in several processes write to the same file.
fn keep(request: &AwsRequest) {
    let Some(path) = std::env::var_os("LOOPBACK_REQUESTS") else { return };
    let line = json!({
        "service": request.service,
        "operation": request.operation,
        "path": request.path,
        "query": request.query,
        "userAgent": request.user_agent,
        "body": request.body,
    });
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    // A line that cannot be written is missed by whoever reads the file, who counts them.
    let _ = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}

fn whole(answer: Answer) -> Delivery {
    Delivery::Answer(answer, crate::answer::Ending::Complete)
}

fn record(
    service: &str,
    protocol: Protocol,
    operation: &str,
    caller: Option<&Credential>,
    request: &Received,
) -> AwsRequest {
    AwsRequest {
        service: service.to_owned(),
        operation: operation.to_owned(),
        account: caller.map(|caller| caller.account.clone()).unwrap_or_default(),
        role: caller.map(|caller| caller.role.clone()).unwrap_or_default(),
        access_key: caller.map(|caller| caller.access_key.clone()).unwrap_or_default(),
        path: request.path.clone(),
        query: request.query.clone(),
        user_agent: request.header("user-agent").to_owned(),
        host: request.header("host").to_owned(),
        body: decoded_body(protocol, &request.body),
        status: 0,
    }
}

fn decoded_body(protocol: Protocol, body: &[u8]) -> Value {
    if protocol == Protocol::Query {
        let pairs = std::str::from_utf8(body).ok().and_then(signature::query_pairs).unwrap_or_default();
        return Value::Object(pairs.into_iter().map(|(key, value)| (key, Value::String(value))).collect());
    }
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

/// The parts of an `AWS4-HMAC-SHA256` Authorization header.
struct Authorization<'a> {
    access_key: &'a str,
    /// `date/region/service/aws4_request`.
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let parts: Vec<(&str, &str)> = header
            .strip_prefix("AWS4-HMAC-SHA256 ")?
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .collect();
        let part = |name: &str| parts.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let (access_key, scope) = part("Credential")?.split_once('/')?;
        Some(Self { access_key, scope, signed_headers: part("SignedHeaders")?, signature: part("Signature")? })
    }

    fn service(&self) -> &'a str {
        self.scope.split('/').nth(2).unwrap_or_default()
    }

    fn region(&self) -> &'a str {
        self.scope.split('/').nth(1).unwrap_or_default()
    }
}

/// Recomputes the signature with the secret that belongs to the access key.
fn authenticate(
    shared: &Shared,
    request: &Received,
    authorization: &Authorization<'_>,
) -> Result<Credential, AwsError> {
    let invalid =
        || AwsError::new(403, "UnrecognizedClientException", "The security token included in the request is invalid.");
    let caller = shared.ledger().credential(authorization.access_key).ok_or_else(invalid)?;
    if request.header("x-amz-security-token") != caller.session_token {
        return Err(invalid());
    }
    let query = signature::query_pairs(&request.query).unwrap_or_default();
    let signed = Signed {
        method: &request.method,
        // Every service but S3 encodes the path a second time.
        canonical_path: request.path.split('/').map(signature::encode).collect::<Vec<_>>().join("/"),
        query: &query,
        headers: signed_headers(&request.headers, authorization.signed_headers),
        body: &request.body,
        date: request.header("x-amz-date"),
        scope: authorization.scope,
    };
    if signed.signature(&caller.secret) == authorization.signature {
        return Ok(caller);
    }
    let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
                   and signing method. Consult the service documentation for details.";
    Err(AwsError::new(403, "SignatureDoesNotMatch", message))
}

fn signed_headers(headers: &HeaderMap, names: &str) -> Vec<(String, String)> {
    names
        .split(';')
        .map(|name| {
            let values: Vec<&str> =
                headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim).collect();
            (name.to_owned(), values.join(","))
        })
        .collect()
}
