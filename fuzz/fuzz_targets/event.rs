//! Any JSON as an event, and any text as its inner event: it is taken, or refused.
#![no_main]

use cluster_access::Event;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    if let Ok(event) = serde_json::from_str(text) {
        let _ = Event::parse(event);
    }
    let _ = Event::parse(json!({
        "accountId": "111122223333",
        "configRuleName": "eks-privEscalation-rule",
        "configRuleArn": text,
        "resultToken": "token",
        "invokingEvent": text,
        "ruleParameters": text,
        "eventLeftScope": false,
    }));
});
