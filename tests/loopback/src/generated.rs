//! Pods that are made up while they are listed: as many as one likes, deterministic, and at no cost of memory.

use serde_json::{Value, json};

use crate::kubernetes::protobuf::{self, EncodeError};
use crate::objects;
use crate::spec::PodProfile;

/// Deployments that the pods are spread over.
const DEPLOYMENTS: usize = 200;
/// Namespaces that the Deployments are spread over: `load-00` to `load-09`.
const NAMESPACES: usize = 10;

/// The made up pods of a cluster. Pod number `n` belongs to Deployment `n % 200`, and that to namespace `load-0{deployment % 10}`.
pub(crate) struct GeneratedPods {
    count: usize,
    /// Whether the namespaces get a policy.
    policies: bool,
    /// A pod of each Deployment as JSON text, cut up where pods differ.
    templates: Vec<Vec<Segment>>,
    /// The same in protobuf; empty where the cluster knows JSON only.
    protobuf: Vec<Vec<Segment>>,
}

/// A piece of a template.
enum Segment {
    Bytes(Vec<u8>),
    Name,
    Uid,
    Address,
}

/// The marks are as long as what they stand for, since protobuf tells the length of every text before it.
const NAME: &str = "@name";
const UID: &str = "@@@@@@@@@@@@@@@ the uid of a pod @@@";
const ADDRESS: &str = "@pod's-address";

impl GeneratedPods {
    pub(crate) fn new(count: usize, profile: &PodProfile, json_only: bool) -> Result<Self, EncodeError> {
        let pods: Vec<Value> = (0..DEPLOYMENTS.min(count)).map(|deployment| template(deployment, profile)).collect();
        let templates = pods.iter().map(|pod| segments(pod.to_string().as_bytes())).collect();
        let in_protobuf = |pod| protobuf::encode_item("core.v1.Pod", pod).map(|bytes| segments(&bytes));
        let protobuf = if json_only { Vec::new() } else { pods.iter().map(in_protobuf).collect::<Result<_, _>>()? };
        Ok(Self { count, policies: !matches!(profile, PodProfile::Violating), templates, protobuf })
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The objects around the pods: their namespaces, and unless the profile is violating a policy in each.
    pub(crate) fn surroundings(&self) -> Vec<Value> {
        let names = (0..NAMESPACES.min(self.count)).map(namespace_name);
        names
            .flat_map(|name| {
                let policy = self.policies.then(|| objects::network_policy(&name, "default-deny"));
                std::iter::once(objects::namespace(&name)).chain(policy)
            })
            .collect()
    }

    /// The namespace of a pod.
    pub(crate) fn namespace(&self, number: usize) -> String {
        namespace_name(number % DEPLOYMENTS % NAMESPACES)
    }

    /// Appends a pod as an item of a JSON list.
    pub(crate) fn render(&self, number: usize, text: &mut Vec<u8>) {
        render(self.templates.get(number % DEPLOYMENTS), number, text);
    }

    /// Appends a pod as an item of a protobuf list, without its key.
    pub(crate) fn render_protobuf(&self, number: usize, bytes: &mut Vec<u8>) {
        render(self.protobuf.get(number % DEPLOYMENTS), number, bytes);
    }

    /// How long a pod is in protobuf.
    pub(crate) fn protobuf_length(&self, number: usize) -> usize {
        let template = self.protobuf.get(number % DEPLOYMENTS);
        template
            .into_iter()
            .flatten()
            .map(|segment| match segment {
                Segment::Bytes(bytes) => bytes.len(),
                Segment::Name => NAME.len(),
                Segment::Uid => UID.len(),
                Segment::Address => ADDRESS.len(),
            })
            .sum()
    }

    /// A pod as a value, for selectors.
    pub(crate) fn object(&self, number: usize) -> Value {
        let mut text = Vec::new();
        self.render(number, &mut text);
        serde_json::from_slice(&text).unwrap_or_default()
    }
}

fn render(template: Option<&Vec<Segment>>, number: usize, output: &mut Vec<u8>) {
    for segment in template.into_iter().flatten() {
        match segment {
            Segment::Bytes(bytes) => output.extend_from_slice(bytes),
            Segment::Name => output.extend_from_slice(suffix(number).as_bytes()),
            Segment::Uid => output.extend_from_slice(objects::uid(&format!("generated/{number}")).as_bytes()),
            Segment::Address => {
                // Two million addresses of the same length.
                let part = |shift: u32| 100 + (number >> shift) % 128;
                output.extend_from_slice(format!("10.{}.{}.{}", part(14), part(7), part(0)).as_bytes());
            }
        }
    }
}

fn namespace_name(number: usize) -> String {
    format!("load-{number:02}")
}

/// The last part of a pod's name: five letters that Kubernetes would use, no two alike below 14 million.
fn suffix(number: usize) -> String {
    let letters = b"bcdfghjklmnpqrstvwxz2456789";
    // A factor without a common divisor with 27^5 permutes the numbers below it.
    let mut rest = number.wrapping_mul(7_368_787) % 27_usize.pow(5);
    (0..5)
        .map(|_| {
            let letter = char::from(letters[rest % 27]);
            rest /= 27;
            letter
        })
        .collect()
}

/// The pod of a Deployment with markers where its pods differ, as a list item.
fn template(deployment: usize, profile: &PodProfile) -> Value {
    let namespace = namespace_name(deployment % NAMESPACES);
    let name = format!("service-{deployment:03}");
    let mut pod = objects::deployment_pod(&namespace, &name, NAME, |pod| {
        pod["spec"]["containers"][0] = objects::container("app", &format!("public.ecr.aws/example/{name}:1.4.2"));
        pod["metadata"]["annotations"] = json!({"prometheus.io/scrape": "true", "prometheus.io/port": "8080"});
        pod["metadata"]["uid"] = json!(UID);
        pod["status"]["podIP"] = json!(ADDRESS);
        pod["status"]["podIPs"] = json!([{"ip": ADDRESS}]);
        let sidecar = objects::container("telemetry", "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.1");
        if let Some(containers) = pod["spec"]["containers"].as_array_mut() {
            containers.push(sidecar);
        }
        match profile {
            PodProfile::Clean => {}
            PodProfile::Violating => violate(deployment, pod),
            PodProfile::Custom(tweak) => tweak(deployment, pod),
        }
    });
    if let Some(members) = pod.as_object_mut() {
        members.remove("apiVersion");
        members.remove("kind");
    }
    pod
}

/// Breaks one thing, by the Deployment's number.
fn violate(deployment: usize, pod: &mut Value) {
    let container = &mut pod["spec"]["containers"][0];
    match deployment % 5 {
        0 => container["securityContext"]["allowPrivilegeEscalation"] = json!(true),
        1 => container["securityContext"] = json!({"privileged": true}),
        2 => container["securityContext"]["capabilities"] = json!({"add": ["SYS_ADMIN"]}),
        3 => {
            container.as_object_mut().map(|members| members.remove("securityContext"));
        }
        _ => container["image"] = json!(format!("docker.io/example/service-{deployment:03}:latest")),
    }
}

/// Cuts a pod up at its marks.
fn segments(pod: &[u8]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let (mut literal, mut rest) = (Vec::new(), pod);
    while let Some((first, others)) = rest.split_first() {
        let marks = [(NAME, Segment::Name), (UID, Segment::Uid), (ADDRESS, Segment::Address)];
        match marks.into_iter().find(|(mark, _)| rest.starts_with(mark.as_bytes())) {
            Some((mark, segment)) => {
                segments.push(Segment::Bytes(std::mem::take(&mut literal)));
                segments.push(segment);
                rest = &rest[mark.len()..];
            }
            None => {
                literal.push(*first);
                rest = others;
            }
        }
    }
    segments.push(Segment::Bytes(literal));
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_as_long_as_what_it_stands_for() {
        for number in [0, 1, 16_383, 1_234_567] {
            let lengths = [NAME, UID, ADDRESS].map(str::len);
            let made = [Segment::Name, Segment::Uid, Segment::Address].map(|segment| {
                let mut output = Vec::new();
                render(Some(&vec![segment]), number, &mut output);
                output.len()
            });
            assert_eq!(made, lengths);
        }
    }

    #[test]
    fn no_two_pods_get_the_same_suffix() {
        // A factor that shares a divisor with 27^5 repeats after a third, or a smaller part, of the numbers.
        let repeats =
            (1..=5).map(|power| 27_usize.pow(5) / 3_usize.pow(power)).find(|period| suffix(0) == suffix(*period));
        assert_eq!(repeats, None);
        let first: std::collections::BTreeSet<String> = (0..20_000).map(suffix).collect();
        assert_eq!(first.len(), 20_000);
    }
}
