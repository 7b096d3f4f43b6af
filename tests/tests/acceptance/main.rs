//! The built binaries against the loopback world: AWS and Kubernetes over HTTP and TLS, Lambda by its Runtime API.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod aws_faults;
mod catalog;
mod chart_sources;
mod cluster_statuses;
mod command_line;
mod deadline;
mod doctor;
mod ecr_gates;
mod enforcement;
mod events;
mod fault_matrix;
mod hostile_objects;
mod kubernetes_faults;
mod references;
mod schedules;
mod scope;
mod secrets;
mod verdicts;
mod watched;
