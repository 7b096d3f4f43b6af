/// A private registry of Elastic Container Registry, whichever of its host names was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcrRegistry<'a> {
    account: &'a str,
    region: &'a str,
}

impl<'a> EcrRegistry<'a> {
    /// DNS suffixes of `ACCOUNT.dkr.ecr.REGION.SUFFIX`, one for each partition
    /// (<https://github.com/kubernetes/cloud-provider-aws>, the credential provider's pattern).
    pub const SUFFIXES: [&'static str; 7] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "sc2s.sgov.gov",
        "c2s.ic.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
    ];

    /// DNS suffixes of the dual-stack form `ACCOUNT.dkr-ecr.REGION.SUFFIX`.
    pub const DUAL_STACK_SUFFIXES: [&'static str; 2] = ["on.aws", "on.amazonwebservices.com.cn"];

    /// The registry that a host name is one of the names of: plain, FIPS, dual-stack, in any partition.
    #[must_use]
    pub fn of_host(host: &'a str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        let (suffixes, rest) = match strip_prefix(rest, "dkr.ecr") {
            Some(rest) => (&Self::SUFFIXES[..], rest),
            None => (&Self::DUAL_STACK_SUFFIXES[..], strip_prefix(rest, "dkr-ecr")?),
        };
        let (region, suffix) = strip_prefix(rest, "-fips").unwrap_or(rest).strip_prefix('.')?.split_once('.')?;
        let known = suffixes.iter().any(|known| known.eq_ignore_ascii_case(suffix));
        (is_account(account) && is_region_label(region) && known).then_some(Self { account, region })
    }

    /// The account that owns the registry.
    #[must_use]
    pub const fn account(&self) -> &'a str {
        self.account
    }

    /// The registry's region.
    #[must_use]
    pub const fn region(&self) -> &'a str {
        self.region
    }
}

/// Whether a text is the id of an AWS account.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has the shape of a region's name: `[a-z]{2,4}(-[a-z]+)+-\d`.
pub(super) fn is_region(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let mut parts = text.split('-');
    let (Some(area), Some(number)) = (parts.next(), parts.next_back()) else { return false };
    let mut middle = parts.peekable();
    (2..=4).contains(&area.len())
        && letters(area)
        && middle.peek().is_some()
        && middle.all(letters)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// A region as it may stand in a host name.
fn is_region_label(text: &str) -> bool {
    text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What follows a prefix that is compared without regard to case.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}
