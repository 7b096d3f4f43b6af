use std::time::Duration;

use eks_rules::RuleName;
use loopback::{Invocation, InvokeOptions, Outcome, World};
use serde_json::Value;

use crate::binary::{binary, workspace};

/// What became of one event.
#[derive(Debug)]
pub struct Run {
    /// What the function answered and left behind.
    pub invocation: Invocation,
}

/// A deadline that no test of a few pods comes near to, unless it is about the deadline.
#[must_use]
pub fn options() -> InvokeOptions {
    InvokeOptions { deadline: Duration::from_secs(80), timeout: Duration::from_secs(80), ..InvokeOptions::default() }
}

/// An event of `events/`, by its path there.
#[must_use]
pub fn committed(path: &str) -> Value {
    let path = workspace().join("events").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Run {
    /// Starts the rule's function, hands it the event and ends it.
    pub async fn of(world: &World, rule: RuleName, event: &Value, options: InvokeOptions) -> Self {
        let invocation = world.invoke(&binary(rule.binary()), event, options).await;
        Self { invocation: invocation.unwrap_or_else(|error| panic!("{error}")) }
    }

    /// The response of a function that succeeded.
    #[track_caller]
    pub fn succeeded(&self) -> &Value {
        match &self.invocation.outcome {
            Outcome::Response(value) => value,
            Outcome::Error { error_type, error_message } => panic!("{error_type}: {error_message}"),
        }
    }

    /// The message of a function that failed with this error type.
    #[track_caller]
    pub fn failed(&self, expected: &str) -> &str {
        match &self.invocation.outcome {
            Outcome::Error { error_type, error_message } if error_type == expected => error_message,
            other => panic!("expected {expected}, got {other:?}"),
        }
    }

    /// The message of a function that failed with this error type, in which each of the parts stands.
    #[track_caller]
    pub fn failed_with(&self, expected: &str, parts: &[&str]) -> &str {
        let message = self.failed(expected);
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        message
    }

    /// The log, one JSON object a line.
    #[track_caller]
    pub fn log(&self) -> Vec<Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => value,
            _ => panic!("this line of the log is no JSON object: {line:?}"),
        };
        self.invocation.stderr.lines().map(parse).collect()
    }
}
