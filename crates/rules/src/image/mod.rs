//! Images: how a reference is read, and which entries of an allow-list trust it.

mod ecr;
mod eks_addons;
mod reference;
mod trusted_source;

pub use ecr::EcrRegistry;
pub(crate) use ecr::is_account;
pub use reference::{ImageReference, ReferenceError};
pub(crate) use reference::{fold_host, is_host};
pub(crate) use trusted_source::{FORMS, is_label_below};
pub use trusted_source::{TrustedSource, TrustedSources};
