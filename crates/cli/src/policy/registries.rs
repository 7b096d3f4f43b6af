use std::collections::{BTreeMap, BTreeSet};

use eks_rules::{EcrRegistry, ImageReference, TrustedSource};

/// The end of a repository that is named without its host and has one component: a tag and digest, no further slash.
/// After `nginx`, `:5000/x` would make a host of it.
const END: &str = "(?::[^/@]*)?(?:@[^/]*)?$";

/// What may follow a path: something below it, a tag, a digest or nothing.
const BORDER: &str = "(?:[/:@]|$)";

/// The port that is meant anyway.
const PORT: &str = "(?::443)?";

const DOCKER_HUB: &str = "docker.io";

/// Accounts with their regions; none stands for every region.
type Accounts<'a> = BTreeMap<&'a str, BTreeSet<Option<&'a str>>>;

/// Regular expressions that together say which references are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    /// Alternatives, by what must not match beside them (empty: nothing).
    alternatives: BTreeMap<String, Vec<String>>,
}

impl Patterns {
    /// The patterns of these entries.
    pub(super) fn of(sources: &[TrustedSource]) -> Self {
        let mut patterns = Self::default();
        let mut accounts: BTreeMap<Option<&str>, Accounts<'_>> = BTreeMap::new();
        for source in sources {
            match source {
                TrustedSource::Registry { host, path } => patterns.add_host(host, path.as_deref()),
                TrustedSource::Subdomain { domain, path } => patterns.add_subdomains(domain, path.as_deref()),
                TrustedSource::Ecr { account, region, path } => {
                    let regions = accounts.entry(path.as_deref()).or_default().entry(account).or_default();
                    regions.insert(region.as_deref());
                }
                // A scene has replaced them by what they stand for.
                TrustedSource::EcrSelf { .. } | TrustedSource::EksAddons => {}
            }
        }
        for (path, accounts) in accounts {
            patterns.add(format!("{}{PORT}/{}", ecr(&accounts), below(path)), "");
        }
        patterns
    }

    /// Whether a text, which is a reference, is trusted.
    pub(super) fn condition(&self, text: &str) -> String {
        let terms: Vec<String> = self
            .alternatives
            .iter()
            .map(|(unless, alternatives)| {
                let matches = format!("{text}.matches(r'^(?:{})')", alternatives.join("|"));
                if unless.is_empty() { matches } else { format!("({matches} && !{text}.matches(r'^(?:{unless})'))") }
            })
            .collect();
        if terms.is_empty() { "false".to_owned() } else { terms.join(" ||\n") }
    }

    /// How many characters all patterns have.
    pub(super) fn length(&self) -> usize {
        self.alternatives
            .iter()
            .map(|(unless, list)| unless.len() + list.iter().map(|one| one.len() + 1).sum::<usize>())
            .sum()
    }

    fn add(&mut self, alternative: String, unless: &str) {
        self.alternatives.entry(unless.to_owned()).or_default().push(alternative);
    }

    /// One host, under each of its names.
    fn add_host(&mut self, host: &str, path: Option<&str>) {
        if host == DOCKER_HUB {
            return self.add_docker_hub(path);
        }
        let names = any_case(names(host));
        // Without a dot, a port or upper case, what stands before the first slash is a part of a path.
        let bare = !host.contains(['.', ':']) && host != "localhost";
        let unless = if bare { format!("{}/", escaped(host)) } else { String::new() };
        self.add(format!("{names}{PORT}/{}", below(path)), &unless);
    }

    /// Docker Hub, with its hosts and without, where `library/` may be left out.
    fn add_docker_hub(&mut self, path: Option<&str>) {
        let hosts = any_case(names(DOCKER_HUB));
        let Some(path) = path else {
            self.add(format!("{hosts}{PORT}/"), "");
            self.add("[^/]*$".to_owned(), "");
            self.add("[^/.:@A-Z]+/".to_owned(), "localhost/");
            return;
        };
        let written = escaped(path);
        let first = path.split('/').next().unwrap_or_default();
        let is_path = !first.contains('.') && first != "localhost";
        let official = path.strip_prefix("library/").unwrap_or(path);
        // Each with whether it may stand without a host.
        let repositories = if path == "library" {
            vec![("[^/]*$".to_owned(), true), ("library/".to_owned(), true)]
        } else if official.contains('/') {
            vec![(format!("{written}{BORDER}"), is_path)]
        } else {
            vec![(format!("(?:library/)?{}{END}", escaped(official)), true), (format!("{written}/"), is_path)]
        };
        for (repository, without_host) in repositories {
            let host = if without_host { format!("(?:{hosts}{PORT}/)?") } else { format!("{hosts}{PORT}/") };
            self.add(format!("{host}{repository}"), "");
        }
    }

    /// Hosts one label below a domain. Those that are other names of a registry are that registry.
    fn add_subdomains(&mut self, domain: &str, path: Option<&str>) {
        let lies_below = |host: &str| {
            host.strip_suffix(domain)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty() && !label.contains('.'))
        };
        let aliases: Vec<&str> =
            ImageReference::aliases().map(|(alias, _)| alias).filter(|alias| lies_below(alias)).collect();
        let unless = if aliases.is_empty() { String::new() } else { format!("{}{PORT}/", any_case(aliases)) };
        self.add(format!("[^./:@]+[.]{}{PORT}/{}", any_case([domain]), below(path)), &unless);
        let mut known: Vec<&str> =
            ImageReference::aliases().map(|(_, name)| name).filter(|name| lies_below(name)).collect();
        known.sort_unstable();
        known.dedup();
        known.into_iter().for_each(|name| self.add_host(name, path));
    }
}

/// The hosts of the accounts' ECR. The suffixes stand once for all of them, since a pattern's length is its cost.
fn ecr(accounts: &Accounts<'_>) -> String {
    let form = |name: &str, suffixes: &[&str]| {
        let registries: Vec<String> = accounts
            .iter()
            .map(|(account, regions)| {
                let region = if regions.contains(&None) {
                    "[a-zA-Z0-9][a-zA-Z0-9_-]*".to_owned()
                } else {
                    any_case(regions.iter().copied().flatten())
                };
                format!("{account}[.]{name}[.]{region}")
            })
            .collect();
        format!("(?:{})[.]{}", registries.join("|"), any_case(suffixes.iter().copied()))
    };
    let plain = form("(?i:dkr[.]ecr(?:-fips)?)", &EcrRegistry::SUFFIXES);
    let dual_stack = form("(?i:dkr-ecr(?:-fips)?)", &EcrRegistry::DUAL_STACK_SUFFIXES);
    format!("(?:{plain}|{dual_stack})")
}

/// A registry's host and its other names.
fn names(host: &str) -> Vec<&str> {
    let mut names = vec![host];
    for name in ImageReference::other_names(host) {
        names.push(name);
    }
    names
}

fn below(path: Option<&str>) -> String {
    path.map(|path| format!("{}{BORDER}", escaped(path))).unwrap_or_default()
}

/// Any of these texts, in any case.
fn any_case<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("(?i:{})", texts.into_iter().map(escaped).collect::<Vec<_>>().join("|"))
}

/// A text of hosts and paths as a regular expression.
fn escaped(text: &str) -> String {
    text.replace('[', r"\[").replace(']', r"\]").replace('.', "[.]")
}
