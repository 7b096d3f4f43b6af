//! Images: how a reference is read, and which entries of an allow-list trust it.

mod ecr;
mod eks_addons;
mod reference;
mod trusted_source;

pub use ecr::EcrRegistry;
pub use reference::{ImageReference, ReferenceError};
pub use trusted_source::{TrustedSource, TrustedSources};
