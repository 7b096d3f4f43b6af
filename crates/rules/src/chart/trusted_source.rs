use super::url::{ChartUrl, parse_port, split_port};
use crate::image::{EcrRegistry, FORMS, TrustedSource, fold_host, is_host, is_label_below};
use crate::parameters::ParameterError;
use crate::rule::Scene;

/// An entry of an allow-list of chart sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TrustedChartSource {
    /// `HOST[:PORT][/PATH]`.
    Host {
        /// The host in lower case.
        host: String,
        /// The port; the default one of a URL's scheme where it is absent.
        port: Option<u16>,
        /// The path under which charts lie.
        path: Option<String>,
    },
    /// `*.DOMAIN[/PATH]`: hosts one label below the domain.
    Subdomain {
        /// The domain in lower case.
        domain: String,
        /// The path under which charts lie.
        path: Option<String>,
    },
    /// `ecr:…` and `eks-addons`: private registries of ECR, which trust `oci://` alone.
    Ecr(TrustedSource),
}

impl TrustedChartSource {
    /// Reads an entry of the rule parameter `parameter`.
    ///
    /// # Errors
    /// An entry of no known form: the error says which are, and what was probably meant.
    pub(crate) fn parse(parameter: &str, entry: &str) -> Result<Self, ParameterError> {
        let ecr = entry.split_at_checked(4).is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case("ecr:"));
        if ecr || entry == "eks-addons" {
            return TrustedSource::parse(parameter, entry).map(Self::Ecr);
        }
        parse_entry(entry).map_err(|why| ParameterError::new(parameter, entry, format!("{FORMS}; {why}")))
    }

    fn trusts(&self, url: &ChartUrl) -> bool {
        let (source, path) = match self {
            Self::Host { host, port, path } => {
                let port = port.map_or(url.has_default_port(), |port| port == url.port());
                (port && same_host(host, url), path)
            }
            Self::Subdomain { domain, path } => (url.has_default_port() && is_label_below(url.host(), domain), path),
            Self::Ecr(TrustedSource::Ecr { account, region, path }) => {
                let registry = EcrRegistry::of_host(url.host()).filter(|_| url.oci() && url.has_default_port());
                let same = registry.is_some_and(|registry| {
                    registry.account() == account
                        && region.as_ref().is_none_or(|region| region.eq_ignore_ascii_case(registry.region()))
                });
                (same, path)
            }
            Self::Ecr(_) => return false,
        };
        source && path.as_ref().is_none_or(|path| url.lies_under(path))
    }
}

/// Whether a URL is one of the host. A registry of OCI artifacts is the same under each of its names.
fn same_host(host: &str, url: &ChartUrl) -> bool {
    if url.oci() { fold_host(host) == fold_host(url.host()) } else { host == url.host() }
}

/// The entries of an allow-list, as they stand on one scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedChartSources(Vec<TrustedChartSource>);

impl TrustedChartSources {
    /// Replaces the entries that speak of the cluster's own account and region by what they stand for.
    ///
    /// # Errors
    /// `ecr:self` where the account is not known, `eks-addons` in a region of which nothing is known.
    pub(crate) fn on(parameter: &str, entries: &[TrustedChartSource], scene: &Scene) -> Result<Self, ParameterError> {
        let mut sources = Vec::new();
        for entry in entries {
            match entry {
                TrustedChartSource::Ecr(ecr) => {
                    sources.extend(ecr.on(parameter, scene)?.into_iter().map(TrustedChartSource::Ecr));
                }
                other => sources.push(other.clone()),
            }
        }
        Ok(Self(sources))
    }

    /// Whether any entry trusts the URL.
    pub(crate) fn trust(&self, url: &ChartUrl) -> bool {
        self.0.iter().any(|source| source.trusts(url))
    }
}

impl ChartUrl {
    /// The narrowest entry that trusts the URL.
    pub(crate) fn entry(&self) -> String {
        let host = self.host();
        let mut entry = if self.has_default_port() && (host == "localhost" || host.contains(['.', ':'])) {
            host.to_owned()
        } else {
            format!("{host}:{}", self.port())
        };
        let path = self.path().trim_end_matches('/');
        if is_path(path) {
            entry.push_str(&format!("/{path}"));
        }
        entry
    }
}

/// Reads an entry; the error says what is wrong with it and what was probably meant.
fn parse_entry(entry: &str) -> Result<TrustedChartSource, String> {
    if let Some((scheme, rest)) = entry.split_once("://") {
        return Err(format!("without the scheme {scheme}://, as in {rest}"));
    }
    if let Some((_, rest)) = entry.rsplit_once('@') {
        return Err(format!("an entry has neither user nor digest: {}", rest.replacen(':', "/", 1)));
    }
    if let Some(source) = entry.strip_suffix("/*") {
        return Err(format!("all that lies under it is meant anyway, without /*: {source}"));
    }
    if let Some(source) = entry.strip_suffix('/') {
        return Err(format!("without the slash at its end: {source}"));
    }
    let (host, path) = entry.split_once('/').map_or((entry, None), |(host, path)| (host, Some(path)));
    let path = path.map(parse_path).transpose()?;
    if let Some(domain) = host.strip_prefix("*.") {
        return if domain.contains([':', '[']) || !is_host(domain) {
            Err(format!("{domain:?} is no domain: a host name without port or another *"))
        } else {
            Ok(TrustedChartSource::Subdomain { domain: domain.to_ascii_lowercase(), path })
        };
    }
    if host.contains('*') {
        return Err("* stands only in front, for one whole label of a host: *.DOMAIN".to_owned());
    }
    let no_host = || format!("{host:?} is no host with an optional port (localhost, or a name with . or :)");
    let (name, port) = split_port(host);
    let port = port.map(parse_port).transpose().map_err(|_| no_host())?;
    if (port.is_some() || name == "localhost" || name.contains(['.', ':'])) && is_host(name) {
        return Ok(TrustedChartSource::Host { host: name.to_ascii_lowercase(), port, path });
    }
    Err(no_host())
}

/// Reads the path of an entry.
fn parse_path(path: &str) -> Result<String, String> {
    if path.contains('*') {
        return Err(
            "* stands only in front, for one whole label of a host; a path means all that lies under it".to_owned()
        );
    }
    if let Some((untagged, _)) = path.split_once(':') {
        return Err(format!("an entry has no tag: the path would be {untagged}"));
    }
    if is_path(path) { Ok(path.to_owned()) } else { Err(format!("{path:?} is no path of a chart source")) }
}

/// Whether a text is a path as an entry may have it.
fn is_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+".contains(&byte);
    text.split('/')
        .all(|segment| !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(allowed))
}
