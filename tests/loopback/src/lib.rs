//! The loopback world: AWS endpoints, TLS Kubernetes APIs and the Lambda Runtime API on 127.0.0.1, for the demo and the acceptance tests.
//!
//! The fakes live on the wire. Nothing of this crate is linked into a function, and it knows nothing of rules and verdicts: it serves
//! what a [`WorldSpec`] describes, enforces what the real services enforce, goes wrong where a [`Fault`] says so, and remembers what was
//! asked of it.
//!
//! ```no_run
//! # async fn example(binary: &std::path::Path) -> Result<(), loopback::WorldError> {
//! use loopback::{InvokeOptions, World, demo_world};
//!
//! let world = World::start(demo_world(None)).await?;
//! let token = world.issue_result_token("eks-privEscalation-rule", loopback::OWN_ACCOUNT);
//! let event = serde_json::json!({"resultToken": token});
//! let invocation = world.invoke(binary, &event, InvokeOptions::default()).await?;
//! # drop(invocation);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod aws;
mod binary;
mod certificate;
mod demo;
mod fault;
mod function;
mod generated;
mod kubernetes;
mod ledger;
mod listener;
mod memory;
pub mod objects;
mod registry;
mod signature;
mod spec;
mod timestamp;
mod world;

pub use binary::{function_binary, told_by_cargo};
pub use demo::demo_world;
pub use fault::{Fault, FaultAction, FaultTarget};
pub use function::{Ended, Function, Invocation, InvokeOptions, Outcome};
pub use kubernetes::protobuf;
pub use ledger::{AwsRequest, KubernetesRequest, PutCall, StoredEvaluation};
pub use memory::AWS_HOST;
pub use registry::{ImageSpec, RepositorySpec, ScanSpec};
pub use spec::{
    AccountSpec, AddonSpec, ClusterSpec, EndpointKind, OWN_ACCOUNT, ParameterSpec, PodProfile, PodTweak, ResourceKind,
    RoleSpec, WorldSpec,
};
pub use world::{FUNCTION_ROLE, World, WorldError};

#[cfg(test)]
mod tests;
