//! The templates: what they refer to is there, what they grant is what was reviewed, and what they pass to the functions
//! is what the functions accept.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance_pack;
mod deployment;
mod documents;
mod kubernetes;
mod least_privilege;
mod observability;
mod references;
mod rule_parameters;
mod template;
mod terraform;
mod yaml;
