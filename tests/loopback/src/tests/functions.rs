//! The Runtime API, driven by small shell scripts in the place of functions (`tests/functions/`).

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::worlds::{five_pods, start};
use crate::{InvokeOptions, Outcome, WorldError};

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/tests/functions").join(name)
}

#[tokio::test]
async fn an_event_goes_in_and_its_response_comes_out() {
    let world = start(five_pods()).await;
    let event = json!({"messageType": "ScheduledNotification", "text": "a \"quoted\" word"});
    let options =
        InvokeOptions { environment: vec![("GREETING".to_owned(), "hello".to_owned())], ..InvokeOptions::default() };
    let invocation = world.invoke(&script("echo.sh"), &event, options).await.unwrap();
    assert_eq!(invocation.outcome, Outcome::Response(event));
    assert!(invocation.stderr.contains("GREETING=hello\n"), "{}", invocation.stderr);
    assert!(
        invocation.stderr.contains(&format!("AWS_ENDPOINT_URL={}\n", world.aws_endpoint())),
        "{}",
        invocation.stderr
    );
    assert!(invocation.stderr.contains("AWS_LAMBDA_FUNCTION_NAME=echo.sh\n"), "{}", invocation.stderr);
    assert!(!invocation.stderr.contains("\nHOME="), "the environment is not inherited: {}", invocation.stderr);
    assert_eq!(invocation.stdout, "event received\n");
}

#[tokio::test]
async fn the_deadline_is_announced_in_milliseconds() {
    let world = start(five_pods()).await;
    let options = InvokeOptions { deadline: Duration::from_secs(900), ..InvokeOptions::default() };
    let before = crate::timestamp::now();
    let invocation = world.invoke(&script("echo.sh"), &json!({}), options).await.unwrap();
    let line = invocation.stderr.lines().find_map(|line| line.strip_prefix("deadline: ")).unwrap();
    let seconds = line.trim().parse::<f64>().unwrap() / 1000.0 - before;
    assert!((899.0..960.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_function_stays_up_for_several_events() {
    let world = start(five_pods()).await;
    let mut function = world.function(&script("echo.sh"), InvokeOptions::default()).await.unwrap();
    let process = function.process_id();
    for number in 1..=3 {
        let (outcome, _) = function.deliver(&json!({"number": number})).await.unwrap();
        assert_eq!(outcome, Outcome::Response(json!({"number": number})));
    }
    assert_eq!(function.process_id(), process);
    assert_eq!(function.stop().await.stdout, "event received\n".repeat(3));
}

#[tokio::test]
async fn errors_of_the_handler_and_of_the_start_are_outcomes() {
    let world = start(five_pods()).await;
    for (name, error_type) in [("fail.sh", "NotJudged"), ("fail-init.sh", "Runtime.InitError")] {
        let invocation = world.invoke(&script(name), &json!({}), InvokeOptions::default()).await.unwrap();
        let Outcome::Error { error_type: found, error_message } = invocation.outcome else { panic!("{invocation:?}") };
        assert_eq!((found.as_str(), error_message.as_str()), (error_type, "it did not work"));
    }
}

#[tokio::test]
async fn a_function_that_ends_without_an_answer_is_an_error_with_its_output() {
    let world = start(five_pods()).await;
    let error = world.invoke(&script("exit.sh"), &json!({}), InvokeOptions::default()).await.unwrap_err();
    let WorldError::Exited { status, output } = error else { panic!("{error:?}") };
    assert!(status.contains('7') && output.contains("last words"), "{status}: {output}");
    let error = world.invoke(&script("no-such.sh"), &json!({}), InvokeOptions::default()).await.unwrap_err();
    assert!(matches!(error, WorldError::Start { .. }), "{error:?}");
}

#[tokio::test]
async fn a_function_that_does_not_answer_in_time_is_an_error_with_its_output() {
    let world = start(five_pods()).await;
    let options = InvokeOptions { timeout: Duration::from_millis(500), ..InvokeOptions::default() };
    let error = world.invoke(&script("hang.sh"), &json!({}), options).await.unwrap_err();
    let WorldError::Timeout { output, .. } = error else { panic!("{error:?}") };
    assert!(output.contains("hanging"), "{output}");
}
