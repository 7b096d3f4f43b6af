//! What rules.md says of a cluster, written once more: slow, obvious, and from the text alone. It shares no code with
//! the crate and decides on JSON as the Kubernetes API gives it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// What the rule was asked, in its own words.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) requires: String,
    pub(crate) excluded: Vec<String>,
    pub(crate) include_finished: bool,
    pub(crate) grace_seconds: i64,
    pub(crate) count_cni: bool,
}

/// A namespace that is declared.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) labels: Map<String, Value>,
    pub(crate) age_seconds: i64,
    pub(crate) terminating: bool,
}

/// Everything in the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Those that are declared; others may be named by what is in them.
    pub(crate) namespaces: Vec<Declared>,
    pub(crate) core: Vec<Value>,
    pub(crate) cilium: Vec<Value>,
    pub(crate) clusterwide: Vec<Value>,
    pub(crate) calico: Vec<Value>,
    pub(crate) global: Vec<Value>,
    pub(crate) pods: Vec<Value>,
}

/// Namespace → (reasons, uncovered workloads → pods).
pub(crate) type Answer = BTreeMap<String, (Vec<String>, BTreeMap<String, u64>)>;

/// The findings, the namespaces judged, and the namespaces whose policies select no pod (under `any`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) findings: Answer,
    pub(crate) namespaces: u64,
    pub(crate) idle: BTreeSet<String>,
}

pub(crate) fn judge(question: &Question, world: &World) -> Verdict {
    let mut verdict = Verdict { findings: Answer::new(), namespaces: 0, idle: BTreeSet::new() };
    let mut names: BTreeSet<String> = world.namespaces.iter().map(|namespace| namespace.name.clone()).collect();
    let named = world.core.iter().chain(&world.pods);
    let named_by_cni = world.cilium.iter().chain(&world.calico).filter(|_| question.count_cni);
    names.extend(named.chain(named_by_cni).map(|object| text(&object["metadata"]["namespace"])));
    for name in names {
        if question.excluded.contains(&name) {
            continue;
        }
        let pods: Vec<&Value> = world
            .pods
            .iter()
            .filter(|pod| text(&pod["metadata"]["namespace"]) == name)
            .filter(|pod| question.include_finished || !finished(pod))
            .collect();
        let declared = world.namespaces.iter().find(|namespace| namespace.name == name);
        if let Some(Declared { age_seconds, terminating, .. }) = declared {
            let running = pods.iter().any(|pod| pod["status"]["phase"] == "Running");
            if (*terminating && pods.is_empty()) || (*age_seconds < question.grace_seconds && !running) {
                continue;
            }
        }
        verdict.namespaces += 1;
        let labels = declared.map(|namespace| &namespace.labels);
        let place = Place { name: &name, labels };
        let coverable: Vec<&Value> = pods.into_iter().filter(|pod| pod["spec"]["hostNetwork"] != true).collect();
        let (reasons, uncovered, idle) = judge_namespace(question, world, place, &coverable);
        if idle {
            verdict.idle.insert(name.clone());
        }
        if !reasons.is_empty() {
            verdict.findings.insert(name, (reasons, uncovered));
        }
    }
    verdict
}

#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    labels: Option<&'a Map<String, Value>>,
}

/// What a policy does in one namespace.
#[derive(Default)]
struct Effect {
    /// It counts for the namespace.
    counts: bool,
    /// It is about every pod of the namespace.
    everybody: bool,
    /// The coverable pods that it selects, by their place in the list.
    covers: BTreeSet<usize>,
    /// Ingress, egress: denied, everything allowed.
    denies: [bool; 2],
    allows: [bool; 2],
}

fn judge_namespace(
    question: &Question,
    world: &World,
    place: Place<'_>,
    pods: &[&Value],
) -> (Vec<String>, BTreeMap<String, u64>, bool) {
    let here = |policy: &&Value| text(&policy["metadata"]["namespace"]) == place.name;
    let mut effects: Vec<Effect> = world.core.iter().filter(here).map(|policy| core(policy, pods)).collect();
    if question.count_cni {
        effects.extend(world.cilium.iter().filter(here).map(|policy| cilium(policy, false, place, pods)));
        effects.extend(world.clusterwide.iter().map(|policy| cilium(policy, true, place, pods)));
        effects.extend(world.calico.iter().filter(here).map(|policy| calico(policy, false, place, pods)));
        effects.extend(world.global.iter().map(|policy| calico(policy, true, place, pods)));
    }
    let any = effects.iter().any(|effect| effect.counts);
    let covered: BTreeSet<usize> = effects.iter().flat_map(|effect| effect.covers.clone()).collect();
    let denied = |direction: usize| {
        effects.iter().any(|effect| effect.everybody && effect.denies[direction])
            && !effects.iter().any(|effect| effect.everybody && effect.allows[direction])
    };
    let mut reasons = Vec::new();
    let mut uncovered = BTreeMap::new();
    if !any {
        reasons.push("NoPolicy".to_owned());
    }
    if question.requires == "covered" {
        for (_, pod) in pods.iter().enumerate().filter(|(index, _)| !covered.contains(index)) {
            *uncovered.entry(owner(pod)).or_default() += 1;
        }
        if !uncovered.is_empty() {
            reasons.push("UncoveredPods".to_owned());
        }
    }
    if matches!(question.requires.as_str(), "default-deny" | "default-deny-ingress") && !denied(0) {
        reasons.push("IngressNotDenied".to_owned());
    }
    if matches!(question.requires.as_str(), "default-deny" | "default-deny-egress") && !denied(1) {
        reasons.push("EgressNotDenied".to_owned());
    }
    let idle = question.requires == "any" && any && !pods.is_empty() && covered.is_empty();
    (reasons, uncovered, idle)
}

fn core(policy: &Value, pods: &[&Value]) -> Effect {
    let spec = &policy["spec"];
    let mut types: Vec<String> = items(&spec["policyTypes"]).iter().map(text).collect();
    if types.is_empty() {
        types.push("Ingress".to_owned());
        if !items(&spec["egress"]).is_empty() {
            types.push("Egress".to_owned());
        }
    }
    let mut effect = Effect {
        counts: true,
        everybody: no_requirements(&spec["podSelector"]),
        covers: selected(pods, |pod| core_selects(&spec["podSelector"], pod)),
        ..Effect::default()
    };
    for (direction, kind, rules, peers) in [(0, "Ingress", "ingress", "from"), (1, "Egress", "egress", "to")] {
        if types.iter().any(|one| one == kind) {
            let rules = items(&spec[rules]);
            effect.denies[direction] = rules.is_empty();
            effect.allows[direction] = rules.iter().any(|rule| core_allows_all(rule, peers));
        }
    }
    effect
}

fn core_allows_all(rule: &Value, peers: &str) -> bool {
    let peers = items(&rule[peers]);
    let whole = |peer: &Value| {
        let cidr = text(&peer["ipBlock"]["cidr"]);
        (cidr == "0.0.0.0/0" || cidr == "::/0") && items(&peer["ipBlock"]["except"]).is_empty()
    };
    items(&rule["ports"]).is_empty() && (peers.is_empty() || peers.iter().any(whole))
}

fn no_requirements(selector: &Value) -> bool {
    let labels = selector["matchLabels"].as_object().is_none_or(Map::is_empty);
    labels && items(&selector["matchExpressions"]).is_empty()
}

fn core_selects(selector: &Value, pod: &Value) -> bool {
    requirements(selector).iter().all(|(key, operator, values)| holds(label(pod, key).as_deref(), operator, values))
}

/// A selector as (key, operator, values).
fn requirements(selector: &Value) -> Vec<(String, String, Vec<String>)> {
    let mut requirements = Vec::new();
    if let Some(labels) = selector["matchLabels"].as_object() {
        for (key, value) in labels {
            requirements.push((key.clone(), "In".to_owned(), vec![text(value)]));
        }
    }
    for expression in items(&selector["matchExpressions"]) {
        let values = items(&expression["values"]).iter().map(text).collect();
        requirements.push((text(&expression["key"]), text(&expression["operator"]), values));
    }
    requirements
}

fn holds(value: Option<&str>, operator: &str, values: &[String]) -> bool {
    match operator {
        "In" => value.is_some_and(|value| values.contains(&value.to_owned())),
        "NotIn" => !value.is_some_and(|value| values.contains(&value.to_owned())),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        other => panic!("the oracle knows no operator {other}"),
    }
}

fn cilium(policy: &Value, clusterwide: bool, place: Place<'_>, pods: &[&Value]) -> Effect {
    let mut whole = Effect::default();
    let specs = items(&policy["specs"]);
    for spec in [&policy["spec"]].into_iter().filter(|spec| !spec.is_null()).chain(&specs) {
        if spec["endpointSelector"].is_null() {
            continue;
        }
        let part = cilium_rule(spec, clusterwide, place, pods);
        whole.counts |= part.counts;
        whole.covers.extend(part.covers);
        // The parts add up, and each has its own selector.
        for direction in 0..2 {
            whole.denies[direction] |= part.everybody && part.denies[direction];
            whole.allows[direction] |= part.everybody && part.allows[direction];
        }
    }
    whole.everybody = true;
    whole
}

fn cilium_rule(spec: &Value, clusterwide: bool, place: Place<'_>, pods: &[&Value]) -> Effect {
    const NAMESPACE: &str = "io.kubernetes.pod.namespace";
    let plain = |key: &str| key.strip_prefix("k8s:").or(key.strip_prefix("any:")).unwrap_or(key).to_owned();
    let mut selector = spec["endpointSelector"].clone();
    if !clusterwide && let Some(labels) = selector["matchLabels"].as_object_mut() {
        // Cilium writes the policy's own namespace over this one.
        labels.remove("k8s:io.kubernetes.pod.namespace");
    }
    let all: Vec<(String, String, Vec<String>)> =
        requirements(&selector).into_iter().map(|(key, operator, values)| (plain(&key), operator, values)).collect();
    let (of_namespace, of_pod): (Vec<_>, Vec<_>) = all.into_iter().partition(|requirement| requirement.0 == NAMESPACE);
    let in_namespace = of_namespace.iter().all(|one| holds(Some(place.name), &one.1, &one.2));
    let mut isolated = [false; 2];
    let mut effect = Effect::default();
    for (direction, name, deny) in [(0, "ingress", "ingressDeny"), (1, "egress", "egressDeny")] {
        let rules = items(&spec[name]);
        isolated[direction] =
            spec["enableDefaultDeny"][name].as_bool().unwrap_or(!rules.is_empty() || !items(&spec[deny]).is_empty());
        let no_allow_rule = rules.iter().all(|rule| rule.as_object().is_none_or(Map::is_empty));
        effect.denies[direction] = isolated[direction] && no_allow_rule;
        let entities = if direction == 0 { "fromEntities" } else { "toEntities" };
        effect.allows[direction] = rules.iter().any(|rule| {
            items(&rule[entities]).iter().any(|entity| entity == "all") && items(&rule["toPorts"]).is_empty()
        });
    }
    let isolates = isolated[0] || isolated[1];
    let by_namespace = of_pod.is_empty() || !of_namespace.is_empty();
    effect.counts = isolates && (!clusterwide || (in_namespace && by_namespace));
    effect.everybody = in_namespace && of_pod.is_empty();
    if isolates && in_namespace {
        effect.covers = selected(pods, |pod| {
            of_pod.iter().all(|(key, operator, values)| holds(label(pod, key).as_deref(), operator, values))
        });
    }
    effect
}

/// The generator writes Calico's selectors as conjunctions of simple terms, so that here they need no parser.
fn calico(policy: &Value, global: bool, place: Place<'_>, pods: &[&Value]) -> Effect {
    let spec = &policy["spec"];
    let terms = terms_of(&text(&spec["selector"]));
    let namespace_terms = if global { terms_of(&text(&spec["namespaceSelector"])) } else { Vec::new() };
    let place_labels = |key: &str| match key {
        "projectcalico.org/name" | "kubernetes.io/metadata.name" => Some(Some(place.name.to_owned())),
        _ => place.labels.map(|labels| labels.get(key).map(text)),
    };
    // True for certain: unknown labels make a term fail.
    let in_namespace = namespace_terms.iter().all(|(key, operator, values)| {
        place_labels(key).is_some_and(|value| holds(value.as_deref(), operator, values))
    });
    let (of_namespace, of_pod): (Vec<_>, Vec<_>) =
        terms.into_iter().partition(|term| term.0 == "projectcalico.org/namespace");
    let in_namespace = in_namespace && of_namespace.iter().all(|one| holds(Some(place.name), &one.1, &one.2));
    let types: Vec<String> = items(&spec["types"]).iter().map(text).collect();
    let mut effect = Effect::default();
    for (direction, kind, name, far) in [(0, "Ingress", "ingress", "source"), (1, "Egress", "egress", "destination")] {
        let rules = items(&spec[name]);
        let nothing_else = direction == 0 && items(&spec["egress"]).is_empty();
        let isolated =
            if types.is_empty() { !rules.is_empty() || nothing_else } else { types.iter().any(|one| one == kind) };
        let action = |rule: &Value, wanted: &str| text(&rule["action"]) == wanted;
        effect.denies[direction] = isolated && !rules.iter().any(|rule| action(rule, "Allow") || action(rule, "Pass"));
        effect.allows[direction] = isolated
            && rules.iter().any(|rule| {
                action(rule, "Allow") && rule["protocol"].is_null() && rule[far].as_object().is_none_or(Map::is_empty)
            });
    }
    let by_namespace = of_pod.is_empty() || !of_namespace.is_empty() || !namespace_terms.is_empty();
    effect.counts = if global { in_namespace && by_namespace } else { true };
    effect.everybody = in_namespace && of_pod.is_empty();
    if in_namespace {
        effect.covers = selected(pods, |pod| {
            of_pod.iter().all(|(key, operator, values)| holds(label(pod, key).as_deref(), operator, values))
        });
    }
    effect
}

/// `all()`, or terms joined by `&&`: `k == 'v'`, `k != 'v'`, `k in {'v', 'w'}`, `k not in {'v'}`, `has(k)`, `!has(k)`.
fn terms_of(selector: &str) -> Vec<(String, String, Vec<String>)> {
    let mut terms = Vec::new();
    for term in selector.split("&&").map(str::trim).filter(|term| !term.is_empty() && *term != "all()") {
        let values = |rest: &str| -> Vec<String> { rest.split('\'').skip(1).step_by(2).map(str::to_owned).collect() };
        let one = |key: &str, operator: &str, values| (key.trim().to_owned(), operator.to_owned(), values);
        terms.push(if let Some(key) = term.strip_prefix("!has(") {
            one(key.trim_end_matches(')'), "DoesNotExist", vec![])
        } else if let Some(key) = term.strip_prefix("has(") {
            one(key.trim_end_matches(')'), "Exists", vec![])
        } else if let Some((key, rest)) = term.split_once(" not in ") {
            one(key, "NotIn", values(rest))
        } else if let Some((key, rest)) = term.split_once(" in ") {
            one(key, "In", values(rest))
        } else if let Some((key, rest)) = term.split_once(" != ") {
            one(key, "NotIn", values(rest))
        } else if let Some((key, rest)) = term.split_once(" == ") {
            one(key, "In", values(rest))
        } else {
            panic!("the oracle knows no term {term}")
        });
    }
    terms
}

fn selected(pods: &[&Value], selects: impl Fn(&Value) -> bool) -> BTreeSet<usize> {
    (0..pods.len()).filter(|index| selects(pods[*index])).collect()
}

fn finished(pod: &Value) -> bool {
    pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed"
}

/// The generator's pods are controlled by a ReplicaSet `NAME-HASH`, by some other object, or by nothing.
fn owner(pod: &Value) -> String {
    let controller = &pod["metadata"]["ownerReferences"][0];
    let (kind, name) = (text(&controller["kind"]), text(&controller["name"]));
    match kind.as_str() {
        "" => format!("Pod/{}", text(&pod["metadata"]["name"])),
        "ReplicaSet" => format!("Deployment/{}", name.rsplit_once('-').unwrap().0),
        _ => format!("{kind}/{name}"),
    }
}

fn label(pod: &Value, key: &str) -> Option<String> {
    pod["metadata"]["labels"].get(key).map(text)
}

fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
