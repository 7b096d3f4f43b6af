//! Pods that are made up while they are listed: as many as one likes, deterministic, and at no cost of memory.

use serde_json::{Value, json};

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
}

/// A piece of a template.
enum Segment {
    Text(String),
    Name,
    Uid,
    Address,
}

const NAME: &str = "@@name@@";
const UID: &str = "@@uid@@";
const ADDRESS: &str = "@@address@@";

impl GeneratedPods {
    pub(crate) fn new(count: usize, profile: &PodProfile) -> Self {
        let templates = (0..DEPLOYMENTS.min(count))
            .map(|deployment| segments(&template(deployment, profile).to_string()))
            .collect();
        Self { count, policies: !matches!(profile, PodProfile::Violating), templates }
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

    /// Appends a pod as a list item.
    pub(crate) fn render(&self, number: usize, text: &mut Vec<u8>) {
        let Some(template) = self.templates.get(number % DEPLOYMENTS) else {
            return;
        };
        for segment in template {
            match segment {
                Segment::Text(literal) => text.extend_from_slice(literal.as_bytes()),
                Segment::Name => text.extend_from_slice(suffix(number).as_bytes()),
                Segment::Uid => text.extend_from_slice(objects::uid(&format!("generated/{number}")).as_bytes()),
                Segment::Address => {
                    let address = format!("10.{}.{}.{}", 64 + number / 65_536 % 64, number / 256 % 256, number % 256);
                    text.extend_from_slice(address.as_bytes());
                }
            }
        }
    }

    /// A pod as a value, for selectors.
    pub(crate) fn object(&self, number: usize) -> Value {
        let mut text = Vec::new();
        self.render(number, &mut text);
        serde_json::from_slice(&text).unwrap_or_default()
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

fn segments(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("@@") {
        let (before, marked) = rest.split_at(at);
        segments.push(Segment::Text(before.to_owned()));
        let (segment, length) = [(NAME, Segment::Name), (UID, Segment::Uid), (ADDRESS, Segment::Address)]
            .into_iter()
            .find(|(marker, _)| marked.starts_with(marker))
            .map_or_else(|| (Segment::Text("@@".to_owned()), 2), |(marker, segment)| (segment, marker.len()));
        segments.push(segment);
        rest = &marked[length..];
    }
    segments.push(Segment::Text(rest.to_owned()));
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

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
