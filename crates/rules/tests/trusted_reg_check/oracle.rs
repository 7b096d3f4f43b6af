//! The rule a second time, slow and obvious: regular expressions over one normalised text.
//!
//! It is written from the specification and from the published grammar of `github.com/distribution/reference`, and
//! shares no code with the rule.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use regex::Regex;

/// An image as a container runtime understands it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// `HOST/PATH` in its one spelling.
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

/// The published grammar, piece by piece.
mod grammar {
    pub(super) const LABEL: &str = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    pub(super) const COMPONENT: &str = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
    pub(super) const TAG: &str = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
    pub(super) const DIGEST: &str = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

    pub(super) fn domain() -> String {
        format!(r"(?:{LABEL}(?:\.{LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
    }

    pub(super) fn path() -> String {
        format!("{COMPONENT}(?:/{COMPONENT})*")
    }
}

/// A pattern for a whole text. Patterns are kept, since most of this test's time goes into making them.
fn whole(pattern: &str) -> Regex {
    static MADE: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    made.entry(pattern.to_owned()).or_insert_with(|| Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap()).clone()
}

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let (domain, path) = (grammar::domain(), grammar::path());
    whole(&format!("(?:({domain})/)?({path})(?::({}))?(?:@({}))?", grammar::TAG, grammar::DIGEST))
});
static IDENTIFIER: LazyLock<Regex> = LazyLock::new(|| whole("[a-f0-9]{64}"));
static KNOWN_DIGEST: LazyLock<Regex> =
    LazyLock::new(|| whole("sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"));

/// What a runtime makes of a reference; none where it refuses it.
pub(crate) fn image(text: &str) -> Option<Image> {
    if IDENTIFIER.is_match(text) {
        return None;
    }
    let explicit = match text.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first => {
            let hub = first == "docker.io" || first == "index.docker.io";
            let implied = if hub && !rest.contains('/') { "library/" } else { "" };
            format!("{}/{implied}{rest}", if hub { "docker.io" } else { first })
        }
        Some(_) => format!("docker.io/{text}"),
        None => format!("docker.io/library/{text}"),
    };
    let captures = REFERENCE.captures(&explicit)?;
    let (domain, path) = (captures.get(1).map(|domain| domain.as_str()), captures.get(2)?.as_str());
    if path.len() > 255 {
        return None;
    }
    let digest = captures.get(4).map(|digest| digest.as_str().to_owned());
    if digest.as_ref().is_some_and(|digest| !KNOWN_DIGEST.is_match(digest)) {
        return None;
    }
    let name = match domain {
        Some(domain) => one_spelling(domain, path),
        // A first component with an underscore: a host for the runtime, though no domain for the grammar.
        None => path.to_owned(),
    };
    Some(Image { name, tag: captures.get(3).map(|tag| tag.as_str().to_owned()), digest })
}

/// `HOST/PATH` of a registry in its one spelling.
fn one_spelling(domain: &str, path: &str) -> String {
    let host = one_host(domain);
    if host == "docker.io" && !path.contains('/') {
        return format!("docker.io/library/{path}");
    }
    format!("{host}/{path}")
}

fn one_host(domain: &str) -> String {
    let host = domain.to_lowercase();
    match host.strip_suffix(":443").unwrap_or(&host) {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io".to_owned(),
        "ecr-public.aws.com" => "public.ecr.aws".to_owned(),
        host => host.to_owned(),
    }
}

/// What an oracle's scene knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) account: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
}

/// The entry as a pattern over `HOST/PATH`; none where it is a configuration error.
pub(crate) fn entry(text: &str, scene: Scene<'_>) -> Option<Regex> {
    let path = grammar::path();
    let component = grammar::COMPONENT;
    let below = |path: Option<regex::Match<'_>>| match path {
        Some(path) => format!("{}(?:/.*)?", regex::escape(path.as_str())),
        None => ".*".to_owned(),
    };
    let too_long = |path: Option<regex::Match<'_>>| path.is_some_and(|path| path.as_str().len() > 255);
    let region = "[a-z]{2,4}(?:-[a-z]+)+-[0-9]";

    if text == "eks-addons" {
        let registries = include_str!("../../src/image/eks-addon-registries.tsv").lines().skip(1).filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            scene.region.is_none_or(|region| region == fields[0]).then(|| ecr(fields[1], fields[0], ".*"))
        });
        return Some(whole(&registries.collect::<Vec<_>>().join("|")));
    }
    if let Some(captures) = whole(&format!("ecr:self(?:/({path}))?")).captures(text) {
        let says_region = whole(&format!("ecr:self/{region}(?:/.*)?")).is_match(text);
        let account = scene.account.filter(|_| !says_region && !too_long(captures.get(1)))?;
        return Some(whole(&ecr(account, "[a-z0-9][a-z0-9_-]*", &below(captures.get(1)))));
    }
    if let Some(captures) = whole(&format!("ecr:([0-9]{{12}})/({region})(?:/({path}))?")).captures(text) {
        let fits = !too_long(captures.get(3));
        return fits.then(|| whole(&ecr(&captures[1], &captures[2], &below(captures.get(3)))));
    }
    if let Some(captures) = whole(&format!("ecr:([0-9]{{12}})(?:/({path}))?")).captures(text) {
        let fits = !too_long(captures.get(2));
        return fits.then(|| whole(&ecr(&captures[1], "[a-z0-9][a-z0-9_-]*", &below(captures.get(2)))));
    }
    if text.to_lowercase().starts_with("ecr:") {
        return None;
    }
    let label = grammar::LABEL;
    let subdomain = format!(r"\*\.({label}(?:\.{label})*|{component})(?::443)?(?:/({path}))?");
    if let Some(captures) = whole(&subdomain).captures(text) {
        if too_long(captures.get(2)) {
            return None;
        }
        let domain = one_host(&captures[1]);
        let mut pattern = format!(r"[^./:]+\.{}/{}", regex::escape(&domain), below(captures.get(2)));
        if domain == "io" {
            pattern.push_str(&official(captures.get(2)));
        }
        return Some(whole(&pattern));
    }
    let captures = whole(&format!("({}|{component})(?:/({path}))?", grammar::domain())).captures(text)?;
    let written = &captures[1];
    if !(written == "localhost" || written.contains(['.', ':'])) || too_long(captures.get(2)) {
        return None;
    }
    let host = one_host(written);
    let mut pattern = format!("{}/{}", regex::escape(&host), below(captures.get(2)));
    if host == "docker.io" {
        pattern.push_str(&official(captures.get(2)));
    }
    Some(whole(&pattern))
}

/// On Docker Hub the path `nginx` itself is the official image `library/nginx`.
fn official(path: Option<regex::Match<'_>>) -> String {
    match path.map(|path| path.as_str()).filter(|path| !path.contains('/')) {
        Some(name) => format!("|docker\\.io/library/{}", regex::escape(name)),
        None => String::new(),
    }
}

/// The pattern of an account's registries, in every spelling.
fn ecr(account: &str, region: &str, path: &str) -> String {
    let classic = r"amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov";
    let dual_stack = r"on\.aws|on\.amazonwebservices\.com\.cn";
    format!(
        r"{account}\.(?:dkr\.ecr(?:-fips)?\.{region}\.(?:{classic})|dkr-ecr(?:-fips)?\.{region}\.(?:{dual_stack}))/{path}"
    )
}

/// The repository that an `imageID` names, in one spelling; none where it names none.
pub(crate) fn running(image_id: &str) -> Option<String> {
    let name = image_id.split_once("://").map_or(image_id, |(_, name)| name);
    if whole("[0-9a-fA-F]*|[^/:@]+:[0-9a-fA-F]{32,}").is_match(name) {
        return None;
    }
    image(name).map(|image| image.name)
}
