//! From objects to judges: names and namespaces are completed, objects whose controller is there too are folded into it.
//!
//! The order of manifests is free: a pod stands before its ReplicaSet as often as after it. So an object that has a
//! controller waits, unless its controller was there before, and what waits in vain is judged at the end. Namespaces
//! wait too, for a later one may be declared that so far is only named.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use eks_rules::object::{CronJob, Metadata, Namespace, Pod, PodTemplate, PodTemplateSpec, Workload};
use eks_rules::{DecodeError, Judge, Kind, Object, Owner, Report, decode, decode_object};
use serde_json::{Map, Value};

use super::document::{ItemType, Take};
use super::error::{Errors, Position};
use super::kinds::{Known, is_known_name, is_list, is_name_of_charts, known, of_charts};

/// How many objects without a container are named in a note.
const NAMED: usize = 5;

/// The pairs of (controller, controlled) that Kubernetes makes. No other is folded: an object that names a controller
/// of its own liking would hide behind it.
const CONTROLLED: [(&str, &str); 8] = [
    ("ReplicaSet", "Pod"),
    ("ReplicationController", "Pod"),
    ("StatefulSet", "Pod"),
    ("DaemonSet", "Pod"),
    ("Job", "Pod"),
    ("Deployment", "Pod"),
    ("Deployment", "ReplicaSet"),
    ("CronJob", "Job"),
];

/// An object that controls others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Controller {
    kind: Box<str>,
    namespace: Box<str>,
    name: Box<str>,
}

impl Controller {
    fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// Pods, or pods of workloads' templates, whose controller may yet come. The replicas of one ReplicaSet differ in their
/// names and nodes alone, so that one of them is kept whole.
#[derive(Debug)]
struct Waiting {
    /// The pod, less what differs.
    pod: Box<Pod>,
    /// Name and node of each.
    replicas: Vec<(Box<str>, Box<str>)>,
}

impl Waiting {
    /// Adds a pod to the one group of these that it belongs to, or makes a new one.
    fn add(groups: &mut Vec<Self>, mut pod: Pod) {
        let name = std::mem::take(&mut pod.metadata.name).into_boxed_str();
        let node = std::mem::take(&mut pod.spec.node_name).into_boxed_str();
        // Pods of a StatefulSet all differ: looking through all groups would take the square of their number.
        match groups.iter_mut().rev().take(4).find(|group| *group.pod == pod) {
            Some(group) => group.replicas.push((name, node)),
            None => groups.push(Self { pod: Box::new(pod), replicas: vec![(name, node)] }),
        }
    }
}

/// The intake, as it takes what one file holds.
pub(super) struct FileIntake<'a> {
    /// The file, as errors name it.
    pub(super) file: &'a str,
    /// Who takes its objects.
    pub(super) intake: &'a mut Intake,
}

impl Take for FileIntake<'_> {
    fn take(&mut self, position: Position, object: Result<Value, String>) {
        self.intake.take(self.file, position, object);
    }
}

/// Takes the objects of manifests in any order, and hands them to the judges.
#[derive(Debug)]
pub(super) struct Intake {
    judges: Vec<(Judge, BTreeSet<Kind>)>,
    /// By name: those that are declared, and those that objects name.
    namespaces: BTreeMap<String, Vec<Namespace>>,
    controllers: HashSet<Controller>,
    /// By their controllers.
    waiting: BTreeMap<Vec<Controller>, Vec<Waiting>>,
    counted: Counted,
    /// What is wrong. Once there is anything, nothing more is judged.
    pub(super) errors: Errors,
}

/// What is told of the reading besides the verdicts.
#[derive(Debug, Default)]
struct Counted {
    /// Objects of known kinds.
    known: u64,
    /// Objects of other kinds, by kind.
    skipped: BTreeMap<String, u64>,
    folded: u64,
    idle_replica_sets: u64,
    /// Objects without a container: how many, and the first of them.
    empty: u64,
    first_empty: Vec<String>,
}

impl Intake {
    /// Objects for these judges.
    pub(super) fn new(judges: Vec<Judge>) -> Self {
        let judges = judges
            .into_iter()
            .map(|judge| {
                let kinds = judge.reads().into_iter().map(|read| read.kind).collect();
                (judge, kinds)
            })
            .collect();
        Self {
            judges,
            namespaces: BTreeMap::new(),
            controllers: HashSet::new(),
            waiting: BTreeMap::new(),
            counted: Counted::default(),
            errors: Errors::default(),
        }
    }

    /// Takes one object of any kind, or what is wrong in its place.
    pub(super) fn take(&mut self, file: &str, position: Position, object: Result<Value, String>) {
        if let Err(message) = object.and_then(|value| self.try_take(file, position, value)) {
            self.errors.add(file, Some(position), message);
        }
    }

    /// Ends the reading: the reports, and what is told besides.
    ///
    /// # Errors
    /// All that is wrong.
    pub(super) fn finish(mut self) -> Result<(Vec<Report>, Vec<String>), Errors> {
        if self.errors.is_empty() && self.counted.known == 0 {
            self.errors.add("", None, self.counted.nothing());
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        for (controllers, groups) in std::mem::take(&mut self.waiting) {
            let folded = controllers.iter().any(|controller| self.controllers.contains(controller));
            for Waiting { mut pod, replicas } in groups {
                if folded {
                    self.counted.folded += replicas.len() as u64;
                    continue;
                }
                for (name, node) in replicas {
                    pod.metadata.name = name.into();
                    pod.spec.node_name = node.into();
                    self.observe(Kind::Pod, Object::Pod(&pod));
                }
            }
        }
        for (name, declared) in std::mem::take(&mut self.namespaces) {
            if declared.is_empty() {
                self.observe(Kind::Namespace, Object::Namespace(&Namespace::named(&name)));
            }
            for namespace in &declared {
                self.observe(Kind::Namespace, Object::Namespace(namespace));
            }
        }
        let reports = self.judges.into_iter().map(|(judge, _)| judge.report()).collect();
        Ok((reports, self.counted.notes()))
    }

    fn try_take(&mut self, file: &str, position: Position, value: Value) -> Result<(), String> {
        let Value::Object(mut object) = value else {
            return Err(format!("not a Kubernetes object: {}", shortened(&value)));
        };
        let kind = match text_of(&object, "kind")? {
            Some(kind) => kind.to_owned(),
            None => return Err(format!("no kind: this is not a Kubernetes object (its keys: {})", keys(&object))),
        };
        let api_version = text_of(&object, "apiVersion")?.unwrap_or_default().to_owned();
        let of_chart = is_name_of_charts(&kind) && self.looks_at_charts();
        if api_version.is_empty() && (is_known_name(&kind) || of_chart || kind == "List") {
            return Err(format!("{kind} without apiVersion"));
        }
        if is_list(&api_version, &kind) {
            let list = ItemType::of(&object);
            return self.take_list(file, position, &list, object.remove("items"));
        }
        let known = known(&api_version, &kind);
        match known.filter(|known| !matches!(known, Known::Read(kind) if of_charts(*kind) && !of_chart)) {
            Some(known) => {
                complete(&mut object, known)?;
                self.counted.known += 1;
                self.take_known(known, object).map_err(|error| error.to_string())
            }
            None => {
                let name = if is_known_name(&kind) { format!("{kind} of {api_version}") } else { kind };
                *self.counted.skipped.entry(name).or_default() += 1;
                Ok(())
            }
        }
    }

    /// A list within a list, or one whose items are not a sequence.
    fn take_list(
        &mut self,
        file: &str,
        position: Position,
        list: &ItemType,
        items: Option<Value>,
    ) -> Result<(), String> {
        match items {
            Some(Value::Array(items)) => {
                for mut item in items {
                    list.complete(&mut item);
                    self.take(file, position, Ok(item));
                }
                Ok(())
            }
            Some(other) => Err(format!("List: items: {}, not a sequence", shortened(&other))),
            None => Err("List without items".to_owned()),
        }
    }

    fn take_known(&mut self, known: Known, object: Map<String, Value>) -> Result<(), DecodeError> {
        let mut value = Value::Object(object);
        match known {
            Known::Read(Kind::Namespace) => {
                let namespace: Namespace = decode("Namespace", &value)?;
                self.namespaces.entry(namespace.metadata.name.clone()).or_default().push(namespace);
            }
            Known::Read(Kind::Pod) => {
                drop_volumes_without_image(&mut value);
                self.take_pod(decode("Pod", &value)?);
            }
            Known::Read(kind) => {
                // Where charts come from says nothing of what is in a namespace.
                if let Some(namespace) = value.pointer("/metadata/namespace").and_then(Value::as_str)
                    && !of_charts(kind)
                {
                    self.name_namespace(namespace);
                }
                let (judges, clean) = (&mut self.judges, self.errors.is_empty());
                decode_object(kind, &value, &mut |object| {
                    if clean {
                        observe(judges, kind, object);
                    }
                })?;
            }
            Known::Workload(kind) => {
                let workload: Workload = decode(kind, &value)?;
                if kind == "ReplicaSet" && workload.spec.replicas == Some(0) {
                    self.name_namespace(&workload.metadata.namespace);
                    self.counted.idle_replica_sets += 1;
                } else {
                    self.take_template(kind, &workload.metadata, workload.spec.template);
                }
            }
            Known::CronJob => {
                let cron_job: CronJob = decode("CronJob", &value)?;
                self.take_template("CronJob", &cron_job.metadata, cron_job.spec.job_template.spec.template);
            }
            Known::PodTemplate => {
                let template: PodTemplate = decode("PodTemplate", &value)?;
                self.take_template("PodTemplate", &template.metadata, template.template);
            }
        }
        Ok(())
    }

    fn take_pod(&mut self, pod: Pod) {
        let metadata = &pod.metadata;
        let mut controllers = Vec::new();
        if let Some(controller) = metadata.controller().filter(|_| !metadata.mirror()) {
            controllers.push((controller.kind.clone(), controller.name.clone()));
            let Owner { kind, name } = Owner::of(metadata);
            if kind != controller.kind {
                controllers.push((kind, name));
            }
        }
        // A pod names its Deployment through its ReplicaSet alone.
        if matches!(controllers.as_slice(), [(kind, _)] if kind == "Deployment") {
            controllers.clear();
        }
        self.take_controlled("Pod", controllers, pod);
    }

    /// Takes what a workload's template makes, in the workload's name.
    fn take_template(&mut self, kind: &str, metadata: &Metadata, template: PodTemplateSpec) {
        let owner = Owner::new(kind, &metadata.name);
        self.controllers.insert(Controller::new(kind, &metadata.namespace, &metadata.name));
        let controllers = metadata.controller().map(|controller| (controller.kind.clone(), controller.name.clone()));
        let pod = template.into_pod(&metadata.namespace, &owner);
        self.take_controlled(kind, controllers.into_iter().collect(), pod);
    }

    fn take_controlled(&mut self, kind: &str, controllers: Vec<(String, String)>, pod: Pod) {
        let namespace = pod.metadata.namespace.clone();
        self.name_namespace(&namespace);
        if pod.spec.containers.is_empty() {
            self.counted.without_container(kind, &pod.metadata);
        }
        if !self.errors.is_empty() {
            return;
        }
        let controllers: Vec<Controller> = controllers
            .iter()
            .filter(|(controller, _)| CONTROLLED.contains(&(controller.as_str(), kind)))
            .map(|(controller, name)| Controller::new(controller, &namespace, name))
            .collect();
        if controllers.is_empty() {
            self.observe(Kind::Pod, Object::Pod(&pod));
        } else if controllers.iter().any(|controller| self.controllers.contains(controller)) {
            self.counted.folded += 1;
        } else {
            Waiting::add(self.waiting.entry(controllers).or_default(), pod);
        }
    }

    /// Whether one of the judges reads the kinds that say where charts come from.
    fn looks_at_charts(&self) -> bool {
        self.judges.iter().any(|(_, kinds)| kinds.contains(&Kind::HelmRepository))
    }

    fn name_namespace(&mut self, namespace: &str) {
        if !self.namespaces.contains_key(namespace) {
            self.namespaces.insert(namespace.to_owned(), Vec::new());
        }
    }

    fn observe(&mut self, kind: Kind, object: Object<'_>) {
        observe(&mut self.judges, kind, object);
    }
}

/// Shows an object to the judges that read its kind: the others' counts would not be those of a live cluster.
fn observe(judges: &mut [(Judge, BTreeSet<Kind>)], kind: Kind, object: Object<'_>) {
    for (judge, kinds) in judges {
        if kinds.contains(&kind) {
            judge.observe(object);
        }
    }
}

impl Counted {
    fn without_container(&mut self, kind: &str, metadata: &Metadata) {
        self.empty += 1;
        if self.first_empty.len() < NAMED {
            self.first_empty.push(format!("{kind} {}/{}", metadata.namespace, metadata.name));
        }
    }

    /// Why there is nothing to judge.
    fn nothing(&self) -> String {
        if self.skipped.is_empty() {
            "nothing to judge: no Kubernetes object in what -f names".to_owned()
        } else {
            format!("nothing to judge: no object of a kind that a rule reads, only {}", self.skipped_kinds())
        }
    }

    fn skipped_kinds(&self) -> String {
        self.skipped.iter().map(|(kind, number)| format!("{kind} {number}")).collect::<Vec<_>>().join(", ")
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let skipped: u64 = self.skipped.values().sum();
        if skipped > 0 {
            let kinds = self.skipped_kinds();
            notes.push(format!("skipped {} of kinds that no rule reads: {kinds}", objects(skipped)));
        }
        if self.idle_replica_sets > 0 {
            let plural = if self.idle_replica_sets == 1 { "" } else { "s" };
            notes.push(format!("skipped {} ReplicaSet{plural} with 0 replicas", self.idle_replica_sets));
        }
        if self.folded > 0 {
            notes
                .push(format!("{} judged in the name of their controllers, which are there too", objects(self.folded)));
        }
        if self.empty > 0 {
            let more = self.empty - self.first_empty.len() as u64;
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            notes.push(format!("{} without any container: {}{rest}", objects(self.empty), self.first_empty.join(", ")));
        }
        notes
    }
}

fn objects(number: u64) -> String {
    if number == 1 { "1 object".to_owned() } else { format!("{number} objects") }
}

/// Gives an object the namespace and the name that a server would give it.
fn complete(object: &mut Map<String, Value>, known: Known) -> Result<(), String> {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else {
        return match object.get("metadata") {
            // What has another type is told by the decoding, with its path.
            Some(other) if !other.is_null() => Ok(()),
            _ => Err(format!("{} without metadata", known.name())),
        };
    };
    if absent(metadata.get("name")) {
        match metadata.get("generateName") {
            Some(prefix) if !absent(Some(prefix)) => {
                let prefix = prefix.clone();
                metadata.insert("name".to_owned(), prefix);
            }
            _ => return Err(format!("{} without metadata.name", known.name())),
        }
    }
    if known.namespaced() && absent(metadata.get("namespace")) {
        metadata.insert("namespace".to_owned(), Value::String("default".to_owned()));
    }
    Ok(())
}

/// Drops what no rule looks at and would keep replicas from being the same: in a pod from a cluster the volume of its
/// token has a name of its own.
fn drop_volumes_without_image(pod: &mut Value) {
    if let Some(Value::Array(volumes)) = pod.pointer_mut("/spec/volumes") {
        volumes.retain(|volume| volume.as_object().is_none_or(|volume| volume.contains_key("image")));
    }
}

/// Whether a field is as good as left out.
fn absent(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value == "")
}

fn text_of<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(other) => Err(format!("{key}: {}, not a string", shortened(other))),
    }
}

fn keys(object: &Map<String, Value>) -> String {
    let mut keys: Vec<&str> = object.keys().map(String::as_str).take(5).collect();
    if object.len() > keys.len() {
        keys.push("...");
    }
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

/// A value in a few words.
fn shortened(value: &Value) -> String {
    match value {
        Value::Object(_) => "a mapping".to_owned(),
        Value::Array(_) => "a sequence".to_owned(),
        other => {
            let text = other.to_string();
            if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
        }
    }
}
