//! Chart sources against an oracle: URLs and entries near the edges of their grammars, and regular expressions over one
//! normalised text. It shares no code with the rule.

use std::cell::Cell;
use std::sync::LazyLock;

use eks_rules::{ComplianceType, Kind, decode_object};
use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;
use serde_json::json;

use crate::oracle;
use crate::properties::{nearly, runner};
use crate::scene::{cluster, configuration};

const HOST: &str = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\]|[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";

static URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\A(?i:(?<scheme>oci|https?|ssh|git))://(?:[^/?#]*@)?(?<host>{HOST})(?::(?<port>[0-9]+))?(?:/(?<path>[^?#@]*))?(?:[?#][^@]*)?\z")).unwrap()
});
static SCP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\A(?:[^/?#]*@(?<host>{HOST})|(?<bare>{HOST})):(?:/?)(?<path>[^?#@]*)(?:[?#][^@]*)?\z"))
        .unwrap()
});
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"\A(?<host>{HOST})(?::(?<port>[0-9]+))?(?:/(?<path>[^?#@]*))?(?:[?#][^@]*)?\z")).unwrap()
});

/// `oci` or `url`, the host, the port, whether that is the scheme's own, and the path.
type Parts = (&'static str, String, u16, bool, String);

/// What Flux and Argo CD make of a text; none where that is not certain.
fn url(text: &str) -> Option<Parts> {
    if !text.chars().all(|character| character.is_ascii_graphic() && character != '\\') {
        return None;
    }
    let (scheme, captures) = if text.contains("://") {
        let captures = URL.captures(text)?;
        (captures["scheme"].to_lowercase(), captures)
    } else if let Some(captures) = BARE.captures(text) {
        ("oci".to_owned(), captures)
    } else {
        ("ssh".to_owned(), SCP.captures(text)?)
    };
    let default = match scheme.as_str() {
        "http" => 80,
        "ssh" => 22,
        "git" => 9418,
        _ => 443,
    };
    let host = captures.name("host").or_else(|| captures.name("bare"))?.as_str().to_lowercase();
    let port =
        captures.name("port").map_or(Some(default), |port| port.as_str().parse().ok().filter(|port| *port > 0))?;
    let path = captures.name("path").map_or("", |path| path.as_str());
    let unescaped = percent_decoded(path)?;
    let dots = unescaped.split('/').any(|segment| segment == "." || segment == "..");
    (!dots).then_some((if scheme == "oci" { "oci" } else { "url" }, host, port, port == default, unescaped))
}

fn percent_decoded(path: &str) -> Option<String> {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| Regex::new("%(..)?").unwrap());
    let mut bytes = Vec::new();
    let mut end = 0;
    for captures in ESCAPE.captures_iter(path) {
        let escape = captures.get(0).unwrap();
        bytes.extend(path[end..escape.start()].bytes());
        let digits = captures.get(1).filter(|digits| digits.as_str().chars().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits.as_str(), 16).ok().filter(|byte| !b"/\\%".contains(byte))?);
        end = escape.end();
    }
    bytes.extend(path[end..].bytes());
    String::from_utf8(bytes).ok()
}

/// Every text under which an entry may know the source.
fn names((kind, host, port, default, path): &Parts) -> Vec<String> {
    let mut hosts = vec![host.clone()];
    let hub = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];
    let public = ["public.ecr.aws", "ecr-public.aws.com"];
    for group in [&hub[..], &public] {
        if *kind == "oci" && group.contains(&host.as_str()) {
            hosts.extend(group.iter().filter(|name| *name != host).map(|name| format!("alias {name}")));
        }
    }
    let ports = [Some(port.to_string()), default.then(|| "own".to_owned())];
    let ports: Vec<String> = ports.into_iter().flatten().collect();
    hosts.iter().flat_map(|host| ports.iter().map(move |port| format!("{kind} {host} {port} {path}"))).collect()
}

/// An entry, as a pattern over those texts, or over `HOST/PATH` of an OCI registry.
struct Entry {
    ecr: bool,
    pattern: Regex,
}

impl Entry {
    fn trusts(&self, parts: &Parts) -> bool {
        let (kind, host, _, default, path) = parts;
        if self.ecr {
            return *kind == "oci" && *default && self.pattern.is_match(&format!("{host}/{path}"));
        }
        names(parts).iter().any(|name| self.pattern.is_match(name))
    }
}

static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    let segment = "[A-Za-z0-9._~+-]+";
    let path = format!("(?:/(?<path>{segment}(?:/{segment})*))?");
    Regex::new(&format!(r"\A(?:\*\.(?<domain>{HOST})|(?<host>{HOST})(?::(?<port>[0-9]+))?){path}\z")).unwrap()
});

/// Reads an entry; none where it is a configuration error.
fn entry(text: &str) -> Option<Entry> {
    if text.to_lowercase().starts_with("ecr:") {
        // An account's registries are those of the other oracle.
        let scene = oracle::Scene { account: Some("123456789012"), region: Some("eu-central-1") };
        return oracle::entry(text, scene).map(|pattern| Entry { ecr: true, pattern });
    }
    let captures = ENTRY.captures(text)?;
    let path = captures.name("path").map(|path| path.as_str());
    if path.is_some_and(|path| path.split('/').any(|segment| segment == "." || segment == "..")) {
        return None;
    }
    let host = captures.name("domain").or_else(|| captures.name("host"))?.as_str().to_lowercase();
    let port = match captures.name("port") {
        Some(port) => port.as_str().parse::<u16>().ok().filter(|port| *port > 0)?.to_string(),
        None => "own".to_owned(),
    };
    let bare = port == "own" && host != "localhost" && !host.contains(['.', ':']);
    let pattern = match captures.name("domain") {
        Some(_) if host.starts_with('[') => return None,
        Some(_) => format!("[a-z]+ [^. ]+\\.{} own ", regex::escape(&host)),
        None if bare => return None,
        None => format!("[a-z]+ (?:alias )?{} {port} ", regex::escape(&host)),
    };
    let path = path.map_or(".*".to_owned(), |path| format!("{}(?:/.*)?", regex::escape(path)));
    Some(Entry { ecr: false, pattern: Regex::new(&format!(r"\A{pattern}{path}\z")).unwrap() })
}

fn host() -> impl Strategy<Value = String> {
    select(vec![
        "a.example",
        "A.example",
        "b.a.example",
        "c.b.a.example",
        "a.example.evil",
        "evil-a.example",
        "localhost",
        "charts",
        "[::1]",
        "[fd00::]",
        "a_b.example",
        "docker.io",
        "registry-1.docker.io",
        "index.docker.io",
        "public.ecr.aws",
        "ecr-public.aws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil",
    ])
    .prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "org", "org", "Org", "team", "team", "x", "org-evil", "te%61m", "%2e%2e", "..", ".", "", "a%2Fb", "a.git",
        "a%zz", "%",
    ]);
    prop::collection::vec(segment, 0..4)
        .prop_map(|segments| segments.iter().map(|segment| format!("/{segment}")).collect())
}

fn any_url() -> impl Strategy<Value = String> {
    let scheme = select(vec![
        "oci://", "oci://", "https://", "https://", "http://", "HTTPS://", "ssh://", "git://", "s3://", "", "",
    ]);
    let user = select(vec!["", "", "", "", "git@", "user:pa@ss@", "a.example@", "x%40"]);
    let port = select(vec!["", "", "", ":443", ":80", ":22", ":5000", ":0", ":65536", ":"]);
    let rest = select(vec!["", "", "", "", "?a=b", "#c", "?x@y", "/@x"]);
    nearly(prop_oneof![
        6 => (scheme, user, host(), port, path(), rest).prop_map(|(scheme, user, host, port, path, rest)| format!("{scheme}{user}{host}{port}{path}{rest}")),
        1 => (select(vec!["git@", ""]), host(), path()).prop_map(|(user, host, path)| format!("{user}{host}:{}", path.trim_start_matches('/'))),
    ])
}

fn any_entry() -> impl Strategy<Value = String> {
    let path = || prop_oneof![1 => Just(String::new()), 2 => select(vec!["/org", "/org", "/org/team", "/org/team", "/Org", "/org/a.git", "/x", "/x", "/org/.."]).prop_map(str::to_owned)];
    let port = select(vec!["", "", "", "", "", ":443", ":80", ":5000", ":5000", ":65536"]);
    nearly(prop_oneof![
        6 => (host(), port, path()).prop_map(|(host, port, path)| format!("{host}{port}{path}")),
        2 => (host(), path()).prop_map(|(host, path)| format!("*.{host}{path}")),
        2 => (select(vec!["ecr:123456789012", "ecr:self", "ecr:123456789012/eu-central-1", "ecr:self/eu-central-1"]), select(vec!["", "/org", "/org/team"]))
            .prop_map(|(ecr, path)| format!("{ecr}{path}")),
    ])
}

/// What may stand before and behind a source that an entry trusts, or just not trusts.
fn near() -> impl Strategy<Value = (&'static str, &'static str)> {
    let before = select(vec!["oci://", "oci://", "https://", "https://x@", "http://", "ssh://git@", "", "git@"]);
    (before, select(vec!["", "", "/", "/x", "/Y?z", "x", "-evil", ".evil", ":443", "/..", "/%2e"]))
}

/// A source that an entry trusts, without a scheme.
fn example(entry: &str) -> String {
    let ecr = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    match entry.strip_prefix("*.") {
        Some(domain) => format!("b.{domain}"),
        None => ["ecr:123456789012/eu-central-1", "ecr:123456789012", "ecr:self"]
            .iter()
            .fold(entry.to_owned(), |text, prefix| text.replacen(prefix, ecr, 1)),
    }
}

#[test]
fn a_source_is_trusted_where_the_oracle_trusts_it() {
    let (trusted, refused, no_url) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let entries = prop::collection::vec(any_entry(), 1..4);
    let cases = (any_url(), near(), entries, any::<bool>()).prop_map(|(any, (before, behind), entries, is_near)| {
        let near = format!("{before}{}{behind}", example(&entries[0]));
        (if is_near { near } else { any }, entries)
    });
    let ran = runner(2_000).run(&cases, |(text, entries)| {
        // An entry with a comma is two.
        let list = entries.join(",");
        let patterns: Option<Vec<Entry>> =
            list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(entry).collect();
        let parameters = json!({"trustedRegistries": "docker.io", "trustedChartSources": list});
        let configuration = configuration(&parameters);
        prop_assert_eq!(configuration.is_ok(), patterns.is_some(), "{:?}: {:?}", list, configuration.err());
        let (Ok(configuration), Some(patterns)) = (configuration, patterns) else {
            return Ok(());
        };
        let read = url(&text);
        let expected = read.as_ref().is_some_and(|parts| patterns.iter().any(|entry| entry.trusts(parts)));
        let mut judge = configuration.judge(&cluster()).unwrap();
        let object = json!({"metadata": {"namespace": "flux-system", "name": "x"}, "spec": {"url": text}});
        decode_object(Kind::HelmRepository, &object, &mut |object| judge.observe(object)).unwrap();
        let told = judge.report();
        prop_assert_eq!(
            told.compliance_type == ComplianceType::Compliant,
            expected,
            "{:?} under {:?}: {:?}",
            text,
            list,
            read
        );
        let counter = if expected {
            &trusted
        } else if read.is_some() {
            &refused
        } else {
            &no_url
        };
        counter.set(counter.get() + 1);
        for finding in told.findings {
            let source = finding.source.unwrap();
            prop_assert!(!source.contains("pa@") && !source.contains('?') && !source.contains('#'), "{}", source);
            // What the advice asks for mends the finding.
            if let Some((_, entry)) = finding.advice.rsplit_once("or add ") {
                let entry = entry.trim_end_matches(" to trustedChartSources.");
                let parameters = json!({"trustedRegistries": "docker.io", "trustedChartSources": entry});
                let mut judge = self::configuration(&parameters)
                    .map_err(|error| TestCaseError::fail(error.to_string()))?
                    .judge(&cluster())
                    .unwrap();
                decode_object(Kind::HelmRepository, &object, &mut |object| judge.observe(object)).unwrap();
                prop_assert_eq!(judge.report().findings, [], "{} does not trust {}", entry, text);
            }
        }
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    for counter in [&trusted, &refused, &no_url] {
        assert!(counter.get() > 100, "{trusted:?} trusted, {refused:?} refused, {no_url:?} no URL");
    }
}
