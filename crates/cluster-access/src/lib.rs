//! From an AWS Config event to PutEvaluations: the only crate that touches a network.
//!
//! [`serve`] is a whole Lambda function; [`handle`] is one event. The command line uses the parts: [`Aws`], [`describe`],
//! [`KubernetesClient`] and [`read_cluster`]; its doctor, [`Examination`].

mod addon;
mod aws;
mod clusters;
mod discovery;
mod doctor;
mod ecr;
mod error;
mod evaluations;
mod event;
mod function;
mod image_index;
mod invocation;
mod kubernetes;
mod listing;
mod log;
mod metrics;
mod network;
mod parameters;
mod reader;
mod ssm;
mod token;

pub use aws::{AssumedRole, Aws};
pub use clusters::{Described, Reached, describe};
pub use doctor::{Examination, Judges, Step, StepOutcome};
pub use eks_rules::RuleName;
pub use error::{InvocationError, NotJudged, chain};
pub use event::{Event, EventError, Request, ResultToken};
pub use function::{Response, serve};
pub use invocation::{Invocation, Stated, Summary, handle};
pub use kubernetes::KubernetesClient;
pub use listing::PageBudget;
pub use log::start as start_log;
pub use metrics::Metrics;
pub use network::{ClusterConnector, ClusterEndpoint, Limits, Network, cluster_client};
pub use parameters::{ACCESS_PARAMETERS, AccessParameters, NotJudgedPolicy};
pub use reader::{ClusterSource, OnPage, Outcome, read_cluster};
pub use ssm::{is_reference, resolve as resolve_references};
