//! privEscalation: each row of its table in each reading, its subjects, its fixtures, and an oracle that shares no code
//! with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a property test says its seed")]

#[path = "priv_escalation/fixtures.rs"]
mod fixtures;
#[allow(dead_code, reason = "it is made for several tests, none of which needs all of it")]
#[path = "common_rules/judging.rs"]
mod judging;
#[path = "priv_escalation/oracle.rs"]
mod oracle;
#[path = "priv_escalation/properties.rs"]
mod properties;
#[path = "priv_escalation/readings.rs"]
mod readings;
#[path = "priv_escalation/secrets.rs"]
mod secrets;
#[path = "priv_escalation/subjects.rs"]
mod subjects;
#[path = "priv_escalation/words.rs"]
mod words;
