//! netPolCheck: each row of its tables, its fixtures, and an oracle that shares no code with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a property test says its seed")]

#[path = "net_pol_check/calico.rs"]
mod calico;
#[path = "net_pol_check/cilium.rs"]
mod cilium;
#[path = "net_pol_check/cluster.rs"]
mod cluster;
#[path = "net_pol_check/core_policies.rs"]
mod core_policies;
#[path = "net_pol_check/enforcement.rs"]
mod enforcement;
#[path = "net_pol_check/fixtures.rs"]
mod fixtures;
#[path = "net_pol_check/kinds.rs"]
mod kinds;
#[path = "net_pol_check/namespaces.rs"]
mod namespaces;
#[path = "net_pol_check/oracle.rs"]
mod oracle;
#[path = "net_pol_check/parameters.rs"]
mod parameters;
#[path = "net_pol_check/properties.rs"]
mod properties;
#[path = "net_pol_check/words.rs"]
mod words;
