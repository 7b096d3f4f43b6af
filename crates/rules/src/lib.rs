//! The judgement of the three EKS rules: pure folds over the objects of a cluster.
//!
//! A [`Configuration`] is made from rule parameters; its [`Judge`] observes the objects that it [reads](Judge::reads),
//! one at a time, and ends in a [`Report`]. Nothing here does I/O, reads a clock, or knows of AWS and Lambda.

mod annotation;
mod chart;
mod container_walk;
mod decode;
mod exemption;
mod facts;
mod finding;
mod image;
mod json;
mod kind;
mod mapping;
mod net_pol_check;
pub mod object;
mod parameters;
mod priv_escalation;
mod protobuf;
mod registry;
mod rule;
mod secret_names;
mod text;
mod trusted_reg_check;

pub use annotation::{ANNOTATION_LIMIT, annotation, not_judged_annotation, not_judged_since};
pub use chart::{ChartUrl, ChartUrlError};
pub use decode::{DecodeError, Encoding, ListMetadata, decode, decode_list, decode_object, peek_list_metadata};
pub use exemption::{ExemptOwner, Exemption};
pub use facts::{JUDGEMENT_FACTS, ParameterFacts, own_facts, reasons};
pub use finding::{ContainerKind, Finding, OpenPolicy, Owner, Privileges, Reason, UncoveredWorkload};
pub use image::{EcrRegistry, ImageReference, ReferenceError, TrustedSource, TrustedSources};
pub use json::{UniqueValue, UniqueWithout, Unread};
pub use kind::{Kind, Need, Object, Read};
pub use parameters::{Globs, ParameterError, RuleParameters};
pub use priv_escalation::{Reading, SecretsInEnv};
pub use protobuf::decode_status;
pub use registry::{EcrRepository, ImageName, ImageScan, RegistryAnswer, RegistryQuestion, RepositorySettings};
pub use rule::{
    ComplianceType, Configuration, Counts, JUDGEMENT_PARAMETERS, Judge, Report, RuleName, Scene, Source, TrustedImages,
};
pub use secret_names::SecretNames;
pub use text::{bounded, printable, shortened};
