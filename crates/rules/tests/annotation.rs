//! Annotations: a reviewed set for each rule and each of its readings, and what holds for every one of them.
//!
//! A snapshot that is missing or differs fails. `INSTA_UPDATE=always cargo test -p eks-rules --test annotation` writes
//! them anew, to be read before they are committed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a property test says its seed")]

#[path = "annotation/fitting.rs"]
mod fitting;
#[allow(dead_code, reason = "it is made for several tests, none of which needs all of it")]
#[path = "common_rules/judging.rs"]
mod judging;
#[allow(dead_code, reason = "it is made for the tests of netPolCheck, and not all of it is needed here")]
#[path = "net_pol_check/cluster.rs"]
mod net_pol_cluster;
#[path = "annotation/reviewed.rs"]
mod reviewed;
