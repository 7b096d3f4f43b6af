//! The built binaries against the loopback world: AWS and Kubernetes over HTTP and TLS, Lambda by its Runtime API.

mod accounts;
mod aws_faults;
mod catalog;
mod cluster_statuses;
mod command_line;
mod deadline;
mod enforcement;
mod events;
mod hostile_objects;
mod kubernetes_faults;
mod references;
mod scope;
mod secrets;
mod verdicts;
