//! What the three rules have in common: parameters, exemptions, and memory that does not grow with pods.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a property test says its seed")]

#[path = "common_rules/configuration.rs"]
mod configuration;
#[path = "common_rules/exemptions.rs"]
mod exemptions;
#[allow(dead_code, reason = "it is made for several tests, none of which needs all of it")]
#[path = "common_rules/judging.rs"]
mod judging;
#[path = "common_rules/memory.rs"]
mod memory;
#[path = "common_rules/parameters.rs"]
mod parameters;
#[path = "common_rules/reading.rs"]
mod reading;
