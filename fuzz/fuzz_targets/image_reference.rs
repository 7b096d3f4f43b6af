//! Any text as an image: a verdict comes out, and its annotation is within AWS Config's limit.
#![no_main]

use eks_rules::{Configuration, Kind, RuleName, RuleParameters, Scene, Source, decode_object};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|image: &str| {
    let registries = "docker.io/library,*.example.com,ecr:self,eks-addons,[2001:db8::1]:5000/x";
    let parameters = json!({"trustedRegistries": registries, "imageId": "require", "requireDigest": "true"});
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
    let configuration = Configuration::take(RuleName::TrustedRegCheck, &mut parameters).unwrap();
    let scene = Scene {
        source: Source::Cluster,
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        now: jiff::Timestamp::UNIX_EPOCH,
        default_grace_seconds: 0,
    };
    let mut judge = configuration.judge(&scene).unwrap();
    let pod = json!({
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [{"name": "c", "image": image}], "volumes": [{"name": "v", "image": {"reference": image}}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "c", "imageID": image}]},
    });
    decode_object(Kind::Pod, &pod, &mut |object| judge.observe(object)).unwrap();
    let report = judge.report();
    assert!((1..=256).contains(&report.annotation.encode_utf16().count()), "{}", report.annotation);
});
