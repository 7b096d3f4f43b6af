//! AWS Signature Version 4, computed from the documentation ("Signing AWS API requests", IAM User Guide) and not with the crate that
//! the functions use, so that an error there is not repeated here.

use ring::{digest, hmac};

/// One request to be signed, taken apart.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// The path as it is put into the canonical request.
    pub(crate) canonical_path: String,
    /// Decoded pairs, in any order, without `X-Amz-Signature`.
    pub(crate) query: &'a [(String, String)],
    /// Lower-case names and trimmed values, sorted by name.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'a [u8],
    /// `YYYYMMDDTHHMMSSZ`.
    pub(crate) date: &'a str,
    /// `date/region/service/aws4_request`.
    pub(crate) scope: &'a str,
}

impl Signed<'_> {
    /// The signature that the owner of `secret` puts under this request, in lower-case hex.
    pub(crate) fn signature(&self, secret: &str) -> String {
        let string_to_sign =
            format!("AWS4-HMAC-SHA256\n{}\n{}\n{}", self.date, self.scope, hex_digest(self.canonical().as_bytes()));
        let key = self
            .scope
            .split('/')
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()));
        hex(&hmac_sha256(&key, string_to_sign.as_bytes()))
    }

    fn canonical(&self) -> String {
        let mut query: Vec<String> =
            self.query.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        query.sort();
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            self.method,
            self.canonical_path,
            query.join("&"),
            names.join(";"),
            hex_digest(self.body)
        )
    }
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn hex_digest(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Percent-encodes all but the unreserved characters of RFC 3986, as Signature Version 4 demands.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Undoes percent-encoding; a `+` stays a `+` unless `plus_is_space`. `None` for a broken escape or what is not UTF-8.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The decoded pairs of a query string or a form body, in order and with duplicates.
pub(crate) fn query_pairs(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key, true)?, decode(value, true)?))
        })
        .collect()
}
