//! What the settings of a repository mean.

use crate::parameters::Globs;
use crate::registry::RepositorySettings;

/// Whether whoever may push can make a tag stand for another image. Where ECR does not say, its default holds, which is
/// that they can; so it is where the word is not known.
pub(super) fn movable(settings: &RepositorySettings, tag: &str) -> bool {
    match settings.tag_mutability.as_str() {
        "IMMUTABLE" => false,
        "IMMUTABLE_WITH_EXCLUSION" => settings.exclusion_filters.iter().any(|filter| excluded(filter, tag, true)),
        "MUTABLE_WITH_EXCLUSION" => !settings.exclusion_filters.iter().any(|filter| excluded(filter, tag, false)),
        _ => true,
    }
}

/// Whether a filter takes a tag out of what holds otherwise; `unknown` for one of a type that is not known.
fn excluded((kind, pattern): &(String, String), tag: &str, unknown: bool) -> bool {
    if kind == "WILDCARD" { Globs::new([pattern.clone()]).matches(tag) } else { unknown }
}

/// Whether a key of Key Management Service encrypts the repository.
pub(super) fn encrypted_with_kms(settings: &RepositorySettings) -> bool {
    matches!(settings.encryption.as_str(), "KMS" | "KMS_DSSE")
}
