use std::borrow::Cow;

use thiserror::Error;

/// The most characters that a repository's path may have; the host is not counted.
const PATH_LIMIT: usize = 255;

/// The most characters that a tag may have.
const TAG_LIMIT: usize = 128;

/// The digest algorithms that container runtimes know, each with its number of hex digits.
const DIGEST_ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The registry of references that name no host.
const DOCKER_HUB: &str = "docker.io";

/// The namespace of Docker Hub's official images, which references leave out.
const OFFICIAL: &str = "library";

/// Other names of a registry, each with the one that it is known by here.
const ALIASES: [(&str, &str); 4] = [
    ("index.docker.io", DOCKER_HUB),
    ("registry-1.docker.io", DOCKER_HUB),
    ("registry.hub.docker.com", DOCKER_HUB),
    ("ecr-public.aws.com", "public.ecr.aws"),
];

/// An image reference, read by the grammar of `github.com/distribution/reference` as container runtimes read it.
///
/// It borrows from the text: a large cluster has hundreds of thousands of them.
#[derive(Clone, Copy, Debug)]
pub struct ImageReference<'a> {
    /// Aliases and `:443` folded, upper case as written.
    host: &'a str,
    /// Without `library/`, where `official` says so.
    path: &'a str,
    /// Whether the repository is `library/PATH` of Docker Hub.
    official: bool,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> ImageReference<'a> {
    /// Reads a reference.
    ///
    /// # Errors
    /// A text that no container runtime takes for a reference.
    pub fn parse(text: &'a str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if is_identifier(text) {
            return Err(ReferenceError::Identifier);
        }
        if text.contains("://") {
            return Err(ReferenceError::Scheme);
        }
        let (name, digest) = split_optional(text, '@');
        let (host, rest) = match name.split_once('/') {
            Some((first, rest)) if names_host(first) => (Some(first), rest),
            _ => (None, name),
        };
        let (path, tag) = split_optional(rest, ':');
        check_name(host, path)?;
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag);
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(ReferenceError::Digest);
        }
        let host = host.map_or(DOCKER_HUB, fold_host);
        let (path, official) = match path.split_once('/') {
            None => (path, host == DOCKER_HUB),
            Some((OFFICIAL, name)) if host == DOCKER_HUB && !name.contains('/') => (name, true),
            Some(_) => (path, false),
        };
        Ok(Self { host, path, official, tag, digest })
    }

    /// The registry's host and port: in lower case, aliases folded, without the default port 443.
    #[must_use]
    pub fn registry(&self) -> Cow<'a, str> {
        lower_case(self.host)
    }

    /// The repository's path in the registry, with `library/` where Docker Hub implies it.
    #[must_use]
    pub fn repository(&self) -> Cow<'a, str> {
        if self.official { Cow::Owned(format!("{OFFICIAL}/{}", self.path)) } else { Cow::Borrowed(self.path) }
    }

    /// The tag, if one is written.
    #[must_use]
    pub const fn tag(&self) -> Option<&'a str> {
        self.tag
    }

    /// The digest with its algorithm, if one is written.
    #[must_use]
    pub const fn digest(&self) -> Option<&'a str> {
        self.digest
    }

    /// Other names of registries, each with the one that it is known by here.
    pub fn aliases() -> impl Iterator<Item = (&'static str, &'static str)> {
        ALIASES.into_iter()
    }

    /// The other names of a registry.
    pub fn other_names(registry: &str) -> impl Iterator<Item = &'static str> {
        Self::aliases().filter(move |(_, name)| *name == registry).map(|(alias, _)| alias)
    }

    /// The host as it is compared: aliases folded, case to be ignored.
    pub(super) const fn host(&self) -> &'a str {
        self.host
    }

    /// Whether the repository is `path` or lies under it, on segment borders. On Docker Hub `nginx` is both the official
    /// image `library/nginx` and the namespace `nginx/…`.
    pub(super) fn lies_under(&self, path: &str) -> bool {
        if self.official {
            return path == OFFICIAL
                || path == self.path
                || path.strip_prefix(OFFICIAL).and_then(|rest| rest.strip_prefix('/')) == Some(self.path);
        }
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Why a text is no image reference.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// No text at all.
    #[error("it is empty")]
    Empty,
    /// The id of an image.
    #[error("64 hex digits are the id of an image and name no repository")]
    Identifier,
    /// A URL.
    #[error("it has a scheme such as https://")]
    Scheme,
    /// The part before the first slash.
    #[error("its host is no host name, IPv4 address or bracketed IPv6 address with an optional port")]
    Host,
    /// Upper case where only lower case may be.
    #[error("its path has upper-case letters")]
    UpperCase,
    /// The repository's path.
    #[error("its path may have only lower-case letters and digits, and single separators (. _ __ -) between them")]
    Path,
    /// A path of more than 255 characters.
    #[error("its path has more than {PATH_LIMIT} characters")]
    TooLong,
    /// The part after the path's colon.
    #[error("its tag must have 1 to {TAG_LIMIT} letters, digits, _ . - and may not begin with . or -")]
    Tag,
    /// The part after the at sign.
    #[error("its digest must be sha256:, sha384: or sha512: and the 64, 96 or 128 lower-case hex digits of it")]
    Digest,
}

/// A host as it is compared: without the port that is meant anyway, and under one name where it has several.
pub(crate) fn fold_host(host: &str) -> &str {
    let host = host.strip_suffix(":443").unwrap_or(host);
    let known = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(host));
    match known {
        Some((_, name)) => name,
        None if host.eq_ignore_ascii_case(DOCKER_HUB) => DOCKER_HUB,
        None => host,
    }
}

/// Whether the first component of a reference is a host. If it is not, the reference is one of Docker Hub.
fn names_host(first: &str) -> bool {
    first == "localhost" || first.bytes().any(|byte| matches!(byte, b'.' | b':') || byte.is_ascii_uppercase())
}

/// Whether a text can be the host of a reference. An underscore makes it no domain name, but distribution/reference
/// lets a name such as `my_registry.local` pass as a path and container runtimes pull from that host.
pub(crate) fn is_host(text: &str) -> bool {
    is_domain(text) || is_component(text)
}

/// Whether a text is a repository's path.
pub(super) fn is_path(text: &str) -> bool {
    text.split('/').all(is_component)
}

/// Whether a path is longer than a path may be.
pub(super) const fn is_too_long(path_length: usize) -> bool {
    path_length > PATH_LIMIT
}

fn check_name(host: Option<&str>, path: &str) -> Result<(), ReferenceError> {
    if host.is_some_and(|host| !is_host(host)) {
        return Err(ReferenceError::Host);
    }
    if !is_path(path) {
        let upper_case = path.bytes().any(|byte| byte.is_ascii_uppercase());
        return Err(if upper_case { ReferenceError::UpperCase } else { ReferenceError::Path });
    }
    // The length is counted as distribution/reference counts it, after its own normalisation.
    let counted = match host {
        None | Some(DOCKER_HUB | "index.docker.io") if !path.contains('/') => OFFICIAL.len() + 1 + path.len(),
        Some(host) if !is_domain(host) => host.len() + 1 + path.len(),
        _ => path.len(),
    };
    if is_too_long(counted) { Err(ReferenceError::TooLong) } else { Ok(()) }
}

/// A host name, an IPv4 address or an IPv6 address in brackets, with an optional port.
fn is_domain(text: &str) -> bool {
    if let Some((address, port)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
        return !address.is_empty()
            && address.bytes().all(hex)
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_number));
    }
    let (name, port) = split_optional(text, ':');
    name.split('.').all(is_label) && port.is_none_or(is_number)
}

/// A label of a host name: letters, digits and hyphens, no hyphen at either end.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A component of a path: lower-case letters and digits, between them a dot, one or two underscores, or hyphens.
fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes
            .split(alphanumeric)
            .all(|separator| matches!(separator, b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-'))
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= TAG_LIMIT
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(algorithm, hex)| is_lower_hex(hex) && DIGEST_ALGORITHMS.contains(&(algorithm, hex.len())))
}

/// The id of an image, which only a local image store understands.
fn is_identifier(text: &str) -> bool {
    text.len() == 64 && is_lower_hex(text)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn split_optional(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
