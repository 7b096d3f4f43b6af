//! Any text as a Calico selector, on every rung: a verdict comes out.
#![no_main]

use eks_rules::{Configuration, Kind, RuleName, RuleParameters, Scene, Source, decode_object};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|selector: &str| {
    for requires in ["any", "covered", "default-deny"] {
        let parameters = json!({"requires": requires});
        let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
        let configuration = Configuration::take(RuleName::NetPolCheck, &mut parameters).unwrap();
        let scene = Scene {
            source: Source::Cluster,
            account: None,
            region: None,
            now: jiff::Timestamp::UNIX_EPOCH,
            default_grace_seconds: 0,
        };
        let mut judge = configuration.judge(&scene).unwrap();
        let spec = json!({"selector": selector, "namespaceSelector": selector, "types": ["Ingress"]});
        for (kind, object) in [
            (Kind::Namespace, json!({"metadata": {"name": "n", "labels": {"a": "b"}}})),
            (Kind::CalicoNetworkPolicy, json!({"metadata": {"name": "x", "namespace": "n"}, "spec": spec})),
            (Kind::CalicoGlobalNetworkPolicy, json!({"metadata": {"name": "y"}, "spec": spec})),
            (Kind::Pod, json!({"metadata": {"name": "p", "namespace": "n", "labels": {"a": "b"}}})),
        ] {
            decode_object(kind, &object, &mut |object| judge.observe(object)).unwrap();
        }
        judge.report();
    }
});
