//! The Lambda function: what a `main.rs` runs.

use std::fmt;
use std::time::{Duration, SystemTime};

use eks_rules::RuleName;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::aws::Aws;
use crate::error::{InvocationError, chain};
use crate::invocation::{Invocation, Summary, handle};
use crate::log;
use crate::metrics::Metrics;

/// Serves the events of one rule until Lambda ends the process.
///
/// # Errors
/// The Runtime API cannot be reached.
pub async fn serve(rule: RuleName) -> Result<(), lambda_runtime::Error> {
    log::start();
    // Nothing of AWS is read before the first event needs it.
    let aws = OnceCell::new();
    let aws = &aws;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let (event, context) = event.into_parts();
        let aws = aws.get_or_init(|| Aws::load(None)).await;
        let (begun, left) = (Instant::now(), context.deadline().duration_since(SystemTime::now()));
        let invocation = Invocation {
            request_id: context.request_id,
            deadline: begun + left.unwrap_or(Duration::ZERO),
            test_mode: false,
            metrics: Metrics::default(),
        };
        // Boxed, since the layout of the whole tree of futures is too deep for the compiler.
        let ended = Box::pin(handle(rule, aws, event, &invocation)).await;
        log::line(&invocation.metrics.line(rule, begun.elapsed().as_secs_f64(), SystemTime::now()));
        let Invocation { request_id, metrics, .. } = invocation;
        ended.map_err(|error| Failed { rule, account: metrics.account().map(str::to_owned), request_id, error })
    }))
    .await
}

/// A failed invocation, as Lambda and the log hear of it.
struct Failed {
    rule: RuleName,
    /// The account of the event, where it could be read.
    account: Option<String>,
    request_id: String,
    error: InvocationError,
}

/// What the Lambda runtime logs. The line of the log that says everything, within bounds, is our own.
impl fmt::Debug for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} failed: {}", self.rule, self.error.error_type())
    }
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        let Failed { rule, account, request_id, error } = failed;
        let (error_type, error_message) = (error.error_type().to_owned(), chain(&error));
        tracing::error!(
            rule = rule.as_str(),
            account,
            requestId = request_id,
            errorType = error_type,
            errorMessage = error_message,
            "the invocation failed"
        );
        Self { error_type, error_message }
    }
}

/// The response of a function, which nobody reads but a person who invokes it by hand.
pub type Response = Summary;
