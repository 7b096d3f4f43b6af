//! Decodes pods or judges them, so often as it is told: `bench/instructions.sh` counts the instructions of that.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on fails")]

use std::hint::black_box;

use eks_rules::object::Pod;
use eks_rules::{Configuration, Encoding, Kind, Object, RuleName, RuleParameters, Scene, Source, decode, decode_list};
use loopback::objects;
use loopback::protobuf::encode_list;
use serde_json::{Value, json};

/// How many pods there are; each Deployment has one.
const PODS: usize = 50;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (what, rounds) = (arguments.next().expect("what to do"), arguments.next().expect("how often"));
    let rounds: usize = rounds.parse().expect("a number");
    let pods: Vec<Value> = (0..PODS).map(pod).collect();
    match what.as_str() {
        "protobuf" => decode_rounds(Encoding::Protobuf, &encode_list(&list(pods)).unwrap(), rounds),
        "json" => decode_rounds(Encoding::Json, list(pods).to_string().as_bytes(), rounds),
        rule => judge_rounds(rule.parse().unwrap(), &pods, rounds),
    }
}

fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "184467"}, "items": items})
}

fn decode_rounds(encoding: Encoding, body: &[u8], rounds: usize) {
    let mut seen = 0;
    for _ in 0..rounds {
        decode_list(Kind::Pod, encoding, black_box(body), &mut |object| {
            black_box(&object);
            seen += 1;
        })
        .unwrap();
    }
    assert_eq!(seen, rounds * PODS);
}

fn judge_rounds(rule: RuleName, pods: &[Value], rounds: usize) {
    let pods: Vec<Pod> = pods.iter().map(|pod| decode("Pod", pod).unwrap()).collect();
    let parameters = match rule {
        RuleName::NetPolCheck => json!({"requires": "covered"}),
        RuleName::PrivEscalation => json!({}),
        RuleName::TrustedRegCheck => json!({"trustedRegistries": "ecr:self,eks-addons,public.ecr.aws"}),
    };
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
    let scene = Scene {
        source: Source::Cluster,
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        now: "2026-11-24T12:00:00Z".parse().unwrap(),
        default_grace_seconds: 60,
    };
    let mut judge = Configuration::take(rule, &mut parameters).unwrap().judge(&scene).unwrap();
    let policy = decode("NetworkPolicy", &objects::network_policy("shop", "default-deny")).unwrap();
    judge.observe(Object::NetworkPolicy(&policy));
    for _ in 0..rounds {
        for pod in &pods {
            judge.observe(black_box(Object::Pod(pod)));
        }
    }
    let report = judge.report();
    assert_eq!((report.counts.pods, report.findings.len()), ((rounds * PODS) as u64, 0));
}

/// A pod of three containers as a chart makes it.
fn pod(number: usize) -> Value {
    let deployment = format!("service-{number:03}");
    let mut pod = objects::deployment_pod("shop", &deployment, "x7k2p", |pod| {
        let image = format!("public.ecr.aws/example/{deployment}:1.4.2");
        let sidecar = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.1";
        pod["spec"]["containers"] =
            json!([objects::container("app", &image), objects::container("telemetry", sidecar)]);
        pod["spec"]["initContainers"] = json!([objects::container("migrate", &image)]);
        pod["metadata"]["annotations"] = json!({"prometheus.io/port": "8080", "prometheus.io/scrape": "true"});
    });
    for absent in ["apiVersion", "kind"] {
        pod.as_object_mut().and_then(|members| members.remove(absent));
    }
    pod
}
