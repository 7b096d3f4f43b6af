use super::ecr::{EcrRegistry, is_account, is_region};
use super::eks_addons;
use super::reference::{ImageReference, fold_host, is_host, is_path, is_too_long};
use crate::parameters::ParameterError;
use crate::rule::Scene;

/// The forms of an entry, for error messages.
pub(crate) const FORMS: &str =
    "HOST[:PORT][/PATH], *.DOMAIN[/PATH], ecr:ACCOUNT[/REGION][/PATH], ecr:self[/PATH] or eks-addons";

/// An entry of an allow-list of registries: where images may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedSource {
    /// `HOST[:PORT][/PATH]`.
    Registry {
        /// Host and port in lower case, aliases and `:443` folded.
        host: String,
        /// The path under which repositories lie.
        path: Option<String>,
    },
    /// `*.DOMAIN[/PATH]`: hosts one label below the domain.
    Subdomain {
        /// The domain in lower case, aliases folded.
        domain: String,
        /// The path under which repositories lie.
        path: Option<String>,
    },
    /// `ecr:ACCOUNT[/REGION][/PATH]`: an account's private registries, under each of their names.
    Ecr {
        /// Twelve digits.
        account: String,
        /// The only region; every region where it is absent.
        region: Option<String>,
        /// The path under which repositories lie.
        path: Option<String>,
    },
    /// `ecr:self[/PATH]`: the private registries of the cluster's own account.
    EcrSelf {
        /// The path under which repositories lie.
        path: Option<String>,
    },
    /// `eks-addons`: the registries of EKS's own add-ons in the cluster's region.
    EksAddons,
}

impl TrustedSource {
    /// Reads an entry of the rule parameter `parameter`.
    ///
    /// # Errors
    /// An entry of no known form: the error says which are, and what was probably meant.
    pub(crate) fn parse(parameter: &str, entry: &str) -> Result<Self, ParameterError> {
        parse_entry(entry).map_err(|why| ParameterError::new(parameter, entry, format!("{FORMS}; {why}")))
    }

    /// What the entry stands for on a scene.
    ///
    /// # Errors
    /// `ecr:self` where the account is not known, `eks-addons` in a region of which nothing is known.
    pub(crate) fn on(&self, parameter: &str, scene: &Scene) -> Result<Vec<Self>, ParameterError> {
        match self {
            Self::EcrSelf { path } => {
                let account = scene.account.clone().filter(|account| is_account(account)).ok_or_else(|| {
                    let allowed = "ecr:ACCOUNT, or ecr:self where the cluster's account is known: give it with \
                                   --account (twelve digits)";
                    ParameterError::new(parameter, "ecr:self", allowed)
                })?;
                Ok(vec![Self::Ecr { account, region: None, path: path.clone() }])
            }
            Self::EksAddons => {
                let wanted = scene.region.as_deref();
                let sources: Vec<Self> = eks_addons::registries()
                    .filter(|(region, _)| wanted.is_none_or(|wanted| wanted == *region))
                    .map(|(region, account)| Self::Ecr {
                        account: account.to_owned(),
                        region: Some(region.to_owned()),
                        path: None,
                    })
                    .collect();
                match wanted {
                    Some(region) if sources.is_empty() => Err(ParameterError::new(
                        parameter,
                        "eks-addons",
                        format!(
                            "ecr:ACCOUNT/{region} with the account of EKS's add-on images there: eks-addons does not \
                             know region {region}"
                        ),
                    )),
                    _ => Ok(sources),
                }
            }
            other => Ok(vec![other.clone()]),
        }
    }

    fn trusts(&self, reference: &ImageReference<'_>, ecr: Option<EcrRegistry<'_>>) -> bool {
        let (source, path) = match self {
            Self::Registry { host, path } => (host.eq_ignore_ascii_case(reference.host()), path),
            Self::Subdomain { domain, path } => (is_label_below(reference.host(), domain), path),
            Self::Ecr { account, region, path } => {
                let same = ecr.is_some_and(|ecr| {
                    ecr.account() == account
                        && region.as_ref().is_none_or(|region| region.eq_ignore_ascii_case(ecr.region()))
                });
                (same, path)
            }
            Self::EcrSelf { .. } | Self::EksAddons => return false,
        };
        source && path.as_ref().is_none_or(|path| reference.lies_under(path))
    }
}

/// The entries of an allow-list, as they stand on one scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedSources(Vec<TrustedSource>);

impl TrustedSources {
    /// Replaces the entries that speak of the cluster's own account and region by what they stand for.
    ///
    /// # Errors
    /// `ecr:self` where the account is not known, `eks-addons` in a region of which nothing is known.
    pub(crate) fn on(parameter: &str, entries: &[TrustedSource], scene: &Scene) -> Result<Self, ParameterError> {
        let mut sources = Vec::new();
        for entry in entries {
            sources.extend(entry.on(parameter, scene)?);
        }
        Ok(Self(sources))
    }

    /// The entries; none of them is [`TrustedSource::EcrSelf`] or [`TrustedSource::EksAddons`] any more.
    #[must_use]
    pub fn sources(&self) -> &[TrustedSource] {
        &self.0
    }

    /// Whether any entry trusts the repository.
    #[must_use]
    pub fn trust(&self, reference: &ImageReference<'_>) -> bool {
        let ecr = EcrRegistry::of_host(reference.host());
        self.0.iter().any(|source| source.trusts(reference, ecr))
    }
}

/// Whether a host is `LABEL.DOMAIN`.
pub(crate) fn is_label_below(host: &str, domain: &str) -> bool {
    let Some(border) = host.len().checked_sub(domain.len() + 1) else { return false };
    let Some((label, rest)) = host.split_at_checked(border) else { return false };
    !label.contains('.') && rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(domain))
}

/// Reads an entry; the error says what is wrong with it and what was probably meant.
fn parse_entry(entry: &str) -> Result<TrustedSource, String> {
    if entry == "eks-addons" {
        return Ok(TrustedSource::EksAddons);
    }
    if let Some((scheme, rest)) = entry.split_once("://") {
        return Err(format!("without the scheme {scheme}://, as in {rest}"));
    }
    if let Some(registry) = entry.strip_suffix('/') {
        return Err(format!("without the slash at its end: {registry}"));
    }
    if let Some(registry) = entry.strip_suffix("/*") {
        return Err(format!("all that lies under it is meant anyway, without /*: {registry}"));
    }
    if let Some((repository, _)) = entry.split_once('@') {
        return Err(format!("an entry has no digest: {}", untagged(repository)));
    }
    if untagged(entry) != entry {
        return Err(format!("an entry has no tag: {}", untagged(entry)));
    }
    match entry.split_at_checked(4) {
        Some(("ecr:", rest)) => parse_ecr(rest),
        Some((prefix, _)) if prefix.eq_ignore_ascii_case("ecr:") => {
            Err(format!("in lower case: {}", entry.to_ascii_lowercase()))
        }
        _ => parse_registry(entry),
    }
}

/// Reads what follows `ecr:`.
fn parse_ecr(text: &str) -> Result<TrustedSource, String> {
    let (owner, rest) = split_path(text);
    if owner == "self" {
        let path = parse_path(rest)?;
        return match rest.map(|rest| split_path(rest).0) {
            Some(region) if is_region(region) => Err(format!(
                "ecr:self means every region and takes none: ecr:self, or ecr:ACCOUNT/{region} for that region only"
            )),
            _ => Ok(TrustedSource::EcrSelf { path }),
        };
    }
    if let Some(registry) = EcrRegistry::of_host(owner) {
        return Err(format!("ecr: takes no host: ecr:{}/{}", registry.account(), registry.region()));
    }
    if owner.starts_with("public") {
        return Err("the public registry has no account: public.ecr.aws".to_owned());
    }
    if !is_account(owner) {
        return Err(format!("{owner:?} is no account: ecr: wants its twelve digits, or self"));
    }
    let (region, path) = match rest.map(split_path) {
        Some((region, path)) if is_region(region) => (Some(region.to_owned()), path),
        _ => (None, rest),
    };
    Ok(TrustedSource::Ecr { account: owner.to_owned(), region, path: parse_path(path)? })
}

/// Reads `HOST[:PORT][/PATH]` or `*.DOMAIN[/PATH]`.
fn parse_registry(entry: &str) -> Result<TrustedSource, String> {
    let (host, path) = split_path(entry);
    if let Some(domain) = host.strip_prefix("*.") {
        let domain = fold_host(domain);
        return if domain.contains([':', '[']) || !is_host(domain) {
            Err(format!("{domain:?} is no domain: a host name without port or another *"))
        } else {
            Ok(TrustedSource::Subdomain { domain: domain.to_ascii_lowercase(), path: parse_path(path)? })
        };
    }
    if host.contains('*') {
        return Err("* stands only in front, for one whole label of a host: *.DOMAIN".to_owned());
    }
    if host == "localhost" || host.contains(['.', ':']) && is_host(host) {
        return Ok(TrustedSource::Registry { host: fold_host(host).to_ascii_lowercase(), path: parse_path(path)? });
    }
    match ImageReference::parse(entry) {
        Ok(image) if image.registry() == "docker.io" => Err(format!(
            "{host:?} is no host (neither localhost nor with . or :); probably docker.io/{} is meant",
            image.repository()
        )),
        _ => Err(format!("{host:?} is no host with an optional port")),
    }
}

/// Reads the path of an entry.
fn parse_path(path: Option<&str>) -> Result<Option<String>, String> {
    let Some(path) = path else { return Ok(None) };
    if path.contains('*') {
        return Err(
            "* stands only in front, for one whole label of a host; a path means all that lies under it".to_owned()
        );
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("paths are in lower case: {}", path.to_ascii_lowercase()));
    }
    if !is_path(path) || is_too_long(path.len()) {
        return Err(format!("{path:?} is no path of a repository"));
    }
    Ok(Some(path.to_owned()))
}

/// A repository without the tag that was written after it. What follows the colon of `HOST:PORT` is none.
fn untagged(entry: &str) -> &str {
    match (entry.rfind('/'), entry.rfind(':')) {
        (Some(slash), Some(colon)) if slash < colon => &entry[..colon],
        _ => entry,
    }
}

fn split_path(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(first, rest)| (first, Some(rest)))
}
