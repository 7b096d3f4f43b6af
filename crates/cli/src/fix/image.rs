use std::fmt;
use std::str::FromStr;

use eks_rules::{ImageReference, TrustedSources};

use crate::failure::Failure;

/// Where images are mirrored to: `HOST[:PORT][/PATH]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror(String);

impl FromStr for Mirror {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.split('/').next().unwrap_or_default();
        let named = host == "localhost" || host.contains(['.', ':']);
        let below = format!("{text}/x");
        match ImageReference::parse(&below) {
            Ok(_) if named => Ok(Self(text.to_owned())),
            _ => {
                Err("a mirror is HOST[:PORT][/PATH] without tag and digest, as in mirror.example.com/docker".to_owned())
            }
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Mirror {
    /// Refuses a mirror whose images would be findings again.
    ///
    /// # Errors
    /// No entry trusts it.
    pub(super) fn must_be_trusted(&self, trusted: &TrustedSources) -> Result<(), Failure> {
        let below = format!("{self}/x/x");
        match ImageReference::parse(&below) {
            Ok(reference) if trusted.trust(&reference) => Ok(()),
            _ => Err(Failure::wrong_use(format!("--fix-mirror {self}: no entry of trustedRegistries trusts it"))),
        }
    }

    /// The reference of an image in the mirror: registry and repository as a path, tag and digest as they are. None
    /// where that would be no reference, which only its length can cause.
    pub(super) fn of(&self, reference: &ImageReference<'_>) -> Option<String> {
        let host = reference.registry().replace(':', "-").replace(['[', ']'], "");
        let mut target = format!("{self}/{}/{}", host.trim_matches('-'), reference.repository());
        if let Some(tag) = reference.tag() {
            target.push_str(&format!(":{tag}"));
        }
        if let Some(digest) = reference.digest() {
            target.push_str(&format!("@{digest}"));
        }
        ImageReference::parse(&target).is_ok().then_some(target)
    }
}
