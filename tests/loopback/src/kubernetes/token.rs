//! Who a bearer token belongs to: the rules of aws-iam-authenticator's `pkg/token` verifier, and of STS behind it.
//!
//! Two rules differ because this world has no public STS: the scheme is http, and the host must be this world's AWS endpoint.
//! `X-Amz-Expires` is checked for its range only, as there: a token is good for 15 minutes after `X-Amz-Date`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ledger::{Credential, Shared};
use crate::signature::{self, Signed};
use crate::timestamp;

const PREFIX: &str = "k8s-aws-v1.";
const LONGEST: usize = 4096;
/// Seconds that `X-Amz-Date` may be away from now.
const VALIDITY: i64 = 900;
const ALLOWED: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// The decoded query of the presigned URL, without duplicates.
struct Presigned {
    query: Vec<(String, String)>,
}

impl Presigned {
    /// A value by its key's exact spelling.
    fn get(&self, key: &str) -> &str {
        self.query.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value.as_str())
    }
}

/// The caller that a token for `cluster` belongs to at the time `now` (seconds since 1970), or why it is refused.
pub(crate) fn verify(shared: &Shared, cluster: &str, token: &str, now: i64) -> Result<Credential, String> {
    if token.len() > LONGEST {
        return Err("token is too large".to_owned());
    }
    let encoded = token.strip_prefix(PREFIX).ok_or_else(|| format!("token is missing expected \"{PREFIX}\" prefix"))?;
    let decoded =
        URL_SAFE_NO_PAD.decode(encoded).map_err(|error| format!("token is not base64url without padding: {error}"))?;
    let url = String::from_utf8(decoded).map_err(|_| "token is not text".to_owned())?;
    let presigned = read(&url, &shared.aws_host)?;
    check_query(&presigned, now)?;
    check_signature(shared, cluster, &presigned)
}

/// Takes the URL apart: scheme, host, path, query keys.
fn read(url: &str, host: &str) -> Result<Presigned, String> {
    let rest = url.strip_prefix("http://").ok_or("unexpected scheme in pre-signed URL")?;
    let (authority, path_and_query) = rest.split_once('/').ok_or("unexpected path in pre-signed URL")?;
    if authority != host {
        return Err(format!("unexpected hostname \"{authority}\" in pre-signed URL"));
    }
    let (path, query) = path_and_query.split_once('?').ok_or("unexpected path in pre-signed URL")?;
    if !path.is_empty() {
        return Err("unexpected path in pre-signed URL".to_owned());
    }
    let query = signature::query_pairs(query).ok_or("query parameters are not properly encoded")?;
    for (number, (key, _)) in query.iter().enumerate() {
        if !ALLOWED.contains(&key.to_ascii_lowercase().as_str()) {
            return Err(format!("non-whitelisted query parameter \"{key}\""));
        }
        if query.iter().take(number).any(|(earlier, _)| earlier.eq_ignore_ascii_case(key)) {
            return Err(format!("query parameter \"{key}\" with multiple values is not supported"));
        }
    }
    Ok(Presigned { query })
}

fn check_query(presigned: &Presigned, now: i64) -> Result<(), String> {
    if presigned.get("Action") != "GetCallerIdentity" {
        return Err("unexpected action parameter in pre-signed URL".to_owned());
    }
    if presigned.get("Version") != "2011-06-15" {
        return Err("unexpected version parameter in pre-signed URL".to_owned());
    }
    if presigned.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
        return Err("unexpected algorithm in pre-signed URL".to_owned());
    }
    let headers: Vec<&str> = presigned.get("X-Amz-SignedHeaders").split(';').collect();
    if !headers.contains(&"x-k8s-aws-id") {
        return Err("client did not sign the x-k8s-aws-id header in the pre-signed URL".to_owned());
    }
    if !headers.contains(&"host") {
        return Err("the host header is not signed".to_owned());
    }
    let expires: i64 =
        presigned.get("X-Amz-Expires").parse().map_err(|_| "invalid X-Amz-Expires parameter in pre-signed URL")?;
    if !(0..=900).contains(&expires) {
        return Err(format!("invalid X-Amz-Expires parameter in pre-signed URL: {expires}"));
    }
    let date = timestamp::parse_basic(presigned.get("X-Amz-Date")).ok_or("X-Amz-Date parameter is not a date")?;
    if (now - date).abs() > VALIDITY {
        return Err(format!("X-Amz-Date parameter is expired ({VALIDITY} seconds) {date}"));
    }
    Ok(())
}

/// What STS would say: the token's signature, recomputed with the secret of its access key.
fn check_signature(shared: &Shared, cluster: &str, presigned: &Presigned) -> Result<Credential, String> {
    let (access_key, scope) =
        presigned.get("X-Amz-Credential").split_once('/').ok_or("X-Amz-Credential parameter is malformed")?;
    let caller = shared.ledger().credential(access_key).ok_or("InvalidClientTokenId: the access key is unknown")?;
    if presigned.get("X-Amz-Security-Token") != caller.session_token {
        return Err("InvalidClientTokenId: the session token does not belong to the access key".to_owned());
    }
    let parts: Vec<&str> = scope.split('/').collect();
    let date = presigned.get("X-Amz-Date");
    if parts.len() != 4
        || parts[0] != &date[..8]
        || parts[1] != shared.spec.region
        || parts[2..] != ["sts", "aws4_request"]
    {
        return Err(format!(
            "SignatureDoesNotMatch: the credential scope {scope} is not that of STS in {}",
            shared.spec.region
        ));
    }
    // The verifier sends these two headers, whatever the token says: another signed header is empty to STS.
    let headers = presigned.get("X-Amz-SignedHeaders").split(';').map(|name| {
        let value = match name {
            "host" => shared.aws_host.as_str(),
            "x-k8s-aws-id" => cluster,
            _ => "",
        };
        (name.to_owned(), value.to_owned())
    });
    let unsigned: Vec<(String, String)> =
        presigned.query.iter().filter(|(key, _)| key != "X-Amz-Signature").cloned().collect();
    let signed = Signed {
        method: "GET",
        canonical_path: "/".to_owned(),
        query: &unsigned,
        headers: headers.collect(),
        body: b"",
        date,
        scope,
    };
    if signed.signature(&caller.secret) == presigned.get("X-Amz-Signature") {
        Ok(caller)
    } else {
        Err("SignatureDoesNotMatch: the signature is not the one that the secret makes".to_owned())
    }
}
