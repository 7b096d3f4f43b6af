//! trustedRegCheck: each row of its tables, its allow-list, its fixtures, and an oracle that shares no code with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a property test says its seed")]

#[path = "trusted_reg_check/chart_sources.rs"]
mod chart_sources;
#[path = "trusted_reg_check/chart_urls.rs"]
mod chart_urls;
#[path = "trusted_reg_check/ecr_gates.rs"]
mod ecr_gates;
#[path = "trusted_reg_check/entries.rs"]
mod entries;
#[path = "trusted_reg_check/fixtures.rs"]
mod fixtures;
#[path = "trusted_reg_check/images.rs"]
mod images;
#[path = "trusted_reg_check/oracle.rs"]
mod oracle;
#[path = "trusted_reg_check/properties.rs"]
mod properties;
#[path = "trusted_reg_check/running_images.rs"]
mod running_images;
#[path = "trusted_reg_check/scene.rs"]
mod scene;
