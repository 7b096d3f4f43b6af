use thiserror::Error;

use crate::image::is_host;

/// The schemes under which Flux and Argo CD fetch charts from a host, each with its default port. In others, such as
/// `s3://BUCKET`, what stands in the host's place is a name that anybody may take.
const SCHEMES: [(&str, u16); 5] = [("oci", 443), ("https", 443), ("http", 80), ("ssh", 22), ("git", 9418)];

/// The scheme of a URL that has none: Argo CD reads `HOST/PATH` as an OCI registry.
const OCI: (&str, u16) = SCHEMES[0];

/// The scheme of `USER@HOST:PATH`, as git reads it.
const SSH: (&str, u16) = SCHEMES[3];

/// Where charts come from, as Flux and Argo CD name it: a URL, git's `USER@HOST:PATH`, or `HOST/PATH` alone for an OCI
/// registry. User, password, query and fragment are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartUrl {
    shown: String,
    scheme: &'static str,
    default_port: u16,
    host: String,
    port: u16,
    path: String,
}

impl ChartUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// A text of which it is not certain what host and path somebody makes of it.
    pub fn parse(text: &str) -> Result<Self, ChartUrlError> {
        if text.is_empty() {
            return Err(ChartUrlError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(ChartUrlError::Characters);
        }
        let written = match text.split_once("://") {
            Some((scheme, rest)) => with_scheme(scheme, rest)?,
            None => without_scheme(text)?,
        };
        let Written { shown, scheme: (scheme, default_port), host, port, rest } = written;
        if rest.contains('@') {
            return Err(ChartUrlError::At);
        }
        if !is_host(host) {
            return Err(ChartUrlError::Host);
        }
        let port = port.map_or(Ok(default_port), parse_port)?;
        let path = before_query(rest);
        let path = decode(path.strip_prefix('/').unwrap_or(path))?;
        Ok(Self { shown, scheme, default_port, host: host.to_ascii_lowercase(), port, path })
    }

    /// The URL without what may be secret in it, whether it can be read or not: for findings.
    #[must_use]
    pub fn shown(text: &str) -> String {
        match ChartUrl::parse(text) {
            Ok(url) => url.shown,
            Err(_) => hidden(text),
        }
    }

    /// Whether it is an OCI registry.
    #[must_use]
    pub fn oci(&self) -> bool {
        self.scheme == OCI.0
    }

    /// The host in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own where none is written.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the port is the one that the scheme means anyway.
    #[must_use]
    pub const fn has_default_port(&self) -> bool {
        self.port == self.default_port
    }

    /// The path without the slash at its beginning; upper case matters.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the path is this one or lies under it, on segment borders.
    pub(super) fn lies_under(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Why it is not certain what a text says of a host and a path.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ChartUrlError {
    /// No text at all.
    #[error("it is empty")]
    Empty,
    /// Characters that no URL has.
    #[error("it has spaces, control characters, backslashes or letters beyond ASCII")]
    Characters,
    /// A scheme that is not known to name a host.
    #[error("its scheme is none of oci, https, http, ssh and git")]
    Scheme,
    /// An at sign where there is no user.
    #[error("it has an @ behind its host, so that it is not certain where the host stands")]
    At,
    /// The host.
    #[error("its host is no host name, IPv4 address or bracketed IPv6 address")]
    Host,
    /// The port.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// The path.
    #[error("its path has . or .. as a segment, or an escaped slash, backslash or percent sign")]
    Path,
}

/// The parts of a URL, as they are written.
struct Written<'a> {
    /// The URL without user, password, query and fragment.
    shown: String,
    scheme: (&'static str, u16),
    host: &'a str,
    port: Option<&'a str>,
    /// Everything behind host and port.
    rest: &'a str,
}

fn with_scheme<'a>(scheme: &str, rest: &'a str) -> Result<Written<'a>, ChartUrlError> {
    let known = SCHEMES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(scheme));
    let scheme = known.ok_or(ChartUrlError::Scheme)?;
    let (authority, rest) = split_authority(rest);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(authority);
    let shown = format!("{}://{authority}{}", scheme.0, before_query(rest));
    Ok(Written { shown, scheme, host, port, rest })
}

fn without_scheme(text: &str) -> Result<Written<'_>, ChartUrlError> {
    let (authority, rest) = split_authority(text);
    let (user, authority) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, behind) = split_port(authority);
    match behind {
        None if user.is_some() => Err(ChartUrlError::Host),
        Some(behind) if user.is_some() || !is_number(behind) => {
            // What follows the colon is the path.
            let rest = &text[text.len() - rest.len() - behind.len()..];
            let shown = format!("{host}:{}", before_query(rest));
            Ok(Written { shown, scheme: SSH, host, port: None, rest })
        }
        port => {
            let shown = format!("{authority}{}", before_query(rest));
            Ok(Written { shown, scheme: OCI, host, port, rest })
        }
    }
}

/// What stands before the path, the query and the fragment, and the rest.
fn split_authority(text: &str) -> (&str, &str) {
    text.split_at(text.find(['/', '?', '#']).unwrap_or(text.len()))
}

fn before_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

/// A host and what follows its colon.
pub(super) fn split_port(text: &str) -> (&str, Option<&str>) {
    let address = if text.starts_with('[') { text.find(']').map_or(0, |end| end + 1) } else { 0 };
    match text[address..].find(':') {
        Some(colon) => (&text[..address + colon], Some(&text[address + colon + 1..])),
        None => (text, None),
    }
}

pub(super) fn parse_port(text: &str) -> Result<u16, ChartUrlError> {
    let number = if is_number(text) { text.parse().ok() } else { None };
    number.filter(|port| *port > 0).ok_or(ChartUrlError::Port)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path in which escapes are read, segment by segment.
fn decode(path: &str) -> Result<String, ChartUrlError> {
    let segments: Option<Vec<String>> = path.split('/').map(decode_segment).collect();
    segments.map(|segments| segments.join("/")).ok_or(ChartUrlError::Path)
}

fn decode_segment(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
        if matches!(byte, b'/' | b'\\' | b'%') {
            return None;
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok().filter(|segment| segment != "." && segment != "..")
}

/// What is shown of a text that is no URL: nothing before its last at sign, and nothing of a query.
fn hidden(text: &str) -> String {
    let at = text.rfind('@').map(|at| at + 1);
    let escaped = text.rfind("%40").map(|at| at + "%40".len());
    let (mark, rest) = match at.max(escaped) {
        Some(end) => ("…@", &text[end..]),
        None => ("", text),
    };
    format!("{mark}{}", before_query(rest))
}
