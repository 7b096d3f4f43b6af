//! The grammar of image references as regular expressions that RE2 (Kubernetes) and Rust's regex read alike.
//!
//! They say together what `eks_rules::ImageReference::parse` says; the agreement test compares them.

/// A label of a host name.
const LABEL: &str = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";

/// A component of a path, and of a host that is no domain name.
const COMPONENT: &str = "[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*";

/// A whole reference, but for the lengths.
pub(super) fn grammar() -> String {
    let domain = format!(r"(?:{LABEL}(?:[.]{LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let digest = "sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}";
    format!(
        "^(?:(?:{domain}|{COMPONENT})/)?{COMPONENT}(?:/{COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@(?:{digest}))?$"
    )
}

/// The id of an image, which is no reference although the grammar lets it pass.
pub(super) const IDENTIFIER: &str = "^[0-9a-f]{64}$";

/// A path that is not too long. A host that is a domain name does not count; one that is not (it has an underscore) does.
pub(super) const LENGTH: &str = "^(?:(?:localhost|[^/_@]*[.:A-Z][^/_@]*)/)?[^:@]{1,255}(?::[^/@]*)?(?:@[^/]*)?$";

/// A path of one component that is too long once `library/` stands before it.
pub(super) const OFFICIAL_LENGTH: &str = "^(?:(?:index[.])?docker[.]io/)?[^/:@]{248,}(?::[^/@]*)?(?:@[^/]*)?$";

/// Whether a text is a reference.
pub(super) fn parsable(text: &str) -> String {
    format!(
        "{text}.matches(r'{}') &&\n!{text}.matches(r'{IDENTIFIER}') &&\n{text}.matches(r'{LENGTH}') &&\n\
         !{text}.matches(r'{OFFICIAL_LENGTH}')",
        grammar()
    )
}
