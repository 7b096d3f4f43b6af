//! Any text as the list of trusted registries: it is taken, or refused with an error that names the parameter.
#![no_main]

use eks_rules::{Configuration, RuleName, RuleParameters};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|entries: &str| {
    let parameters = json!({"trustedRegistries": entries});
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
    if let Err(error) = Configuration::take(RuleName::TrustedRegCheck, &mut parameters) {
        assert!(error.to_string().contains("trustedRegistries"), "{error}");
    }
});
