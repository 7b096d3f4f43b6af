use crate::object::{LabelSelector, Labels};

/// The label that Kubernetes gives every namespace, and the one that Calico adds: its own name.
const NAMESPACE_NAME_LABELS: [&str; 2] = ["kubernetes.io/metadata.name", "projectcalico.org/name"];

/// Cilium's label of a pod's namespace.
const CILIUM_NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// The same, said to come from Kubernetes.
const CILIUM_NAMESPACE_OF_KUBERNETES: &str = "k8s:io.kubernetes.pod.namespace";

/// Cilium's prefix of the labels of a pod's namespace.
const CILIUM_NAMESPACE_LABEL: &str = "io.cilium.k8s.namespace.labels.";

/// A selector of any of the policy kinds, as one expression over labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selector {
    /// Selects everything.
    All,
    /// Selects nothing.
    Nothing,
    /// It cannot be known here what it selects.
    Undecidable,
    /// The label is there.
    Has(Key),
    /// The label is there with one of the values.
    In(Key, Vec<String>),
    /// The label is there and its value contains the text.
    Contains(Key, String),
    /// The label is there and its value starts with the text.
    StartsWith(Key, String),
    /// The label is there and its value ends with the text.
    EndsWith(Key, String),
    /// The opposite.
    Not(Box<Selector>),
    /// All of them.
    And(Vec<Selector>),
    /// Any of them.
    Or(Vec<Selector>),
}

/// What a selector looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A label of the pod.
    Pod(String),
    /// A label of its namespace.
    Namespace(String),
    /// The name of its namespace.
    NamespaceName,
    /// Something that is the same for every pod.
    Constant(&'static str),
    /// Something that is not read, such as its service account.
    NotRead,
}

/// What a selector is asked about. What is none is not known, and an answer that hangs on it is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The namespace's name.
    pub(super) namespace: &'a str,
    /// The namespace's labels.
    pub(super) namespace_labels: Option<&'a Labels>,
    /// The pod's labels.
    pub(super) pod_labels: Option<&'a Labels>,
}

/// What is known of a key.
enum Value<'a> {
    Is(&'a str),
    Absent,
    Unknown,
}

impl Selector {
    /// A core label selector over pods; without requirements it selects all.
    pub(super) fn of_pods(selector: &LabelSelector) -> Self {
        Self::of_labels(selector, Key::Pod)
    }

    /// Cilium's endpoint selector. In a policy of one namespace Cilium overwrites the namespace that `matchLabels` name.
    pub(super) fn of_cilium_endpoints(selector: &LabelSelector, clusterwide: bool) -> Self {
        let mut selector = selector.clone();
        if !clusterwide {
            selector.match_labels.remove(CILIUM_NAMESPACE_OF_KUBERNETES);
        }
        Self::of_labels(&selector, cilium_key)
    }

    fn of_labels(selector: &LabelSelector, key: impl Fn(String) -> Key) -> Self {
        let labels = selector.match_labels.iter().map(|(name, value)| Self::In(key(name.clone()), vec![value.clone()]));
        let requirements = selector.match_expressions.iter().map(|requirement| {
            let (key, values) = (key(requirement.key.clone()), requirement.values.clone());
            match (requirement.operator.as_str(), values.is_empty()) {
                ("In", false) => Self::In(key, values),
                ("NotIn", false) => Self::Not(Box::new(Self::In(key, values))),
                ("Exists", _) => Self::Has(key),
                ("DoesNotExist", _) => Self::Not(Box::new(Self::Has(key))),
                // The API refuses such a requirement; a manifest may have it.
                _ => Self::Undecidable,
            }
        });
        Self::and(labels.chain(requirements))
    }

    /// All of the selectors.
    pub(super) fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts: Vec<Self> = parts.into_iter().filter(|part| *part != Self::All).collect();
        match parts.len() {
            0 => Self::All,
            1 => parts.remove(0),
            _ => Self::And(parts),
        }
    }

    /// Whether the subject is selected; none where that is not known.
    pub(super) fn selects(&self, subject: Subject<'_>) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Nothing => Some(false),
            Self::Undecidable => None,
            Self::Has(key) => subject.test(key, |_| true),
            Self::In(key, values) => subject.test(key, |value| values.iter().any(|wanted| wanted == value)),
            Self::Contains(key, text) => subject.test(key, |value| value.contains(text.as_str())),
            Self::StartsWith(key, text) => subject.test(key, |value| value.starts_with(text.as_str())),
            Self::EndsWith(key, text) => subject.test(key, |value| value.ends_with(text.as_str())),
            Self::Not(part) => part.selects(subject).map(|selected| !selected),
            Self::And(parts) => decided(parts, subject, false),
            Self::Or(parts) => decided(parts, subject, true),
        }
    }

    /// Whether it selects every pod of the namespace.
    pub(super) fn selects_every_pod(&self, namespace: Subject<'_>) -> bool {
        self.selects(Subject { pod_labels: None, ..namespace }) == Some(true)
    }

    /// Whether it provably selects the namespace: every pod of it, or those with certain labels where it says that they
    /// must be of this namespace. Pod labels alone select no namespace.
    pub(super) fn selects_namespace(&self, namespace: Subject<'_>) -> bool {
        let namespace = Subject { pod_labels: None, ..namespace };
        match self.selects(namespace) {
            Some(selected) => selected,
            None => {
                let mut of_namespace = self.conjuncts().filter(|part| part.looks_at_namespace_only()).peekable();
                of_namespace.peek().is_some() && of_namespace.all(|part| part.selects(namespace) == Some(true))
            }
        }
    }

    fn conjuncts(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::And(parts) => Box::new(parts.iter().flat_map(Self::conjuncts)),
            other => Box::new(std::iter::once(other)),
        }
    }

    fn looks_at_namespace_only(&self) -> bool {
        match self {
            Self::All | Self::Nothing | Self::Undecidable => false,
            Self::Has(key)
            | Self::In(key, _)
            | Self::Contains(key, _)
            | Self::StartsWith(key, _)
            | Self::EndsWith(key, _) => matches!(key, Key::Namespace(_) | Key::NamespaceName),
            Self::Not(part) => part.looks_at_namespace_only(),
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::looks_at_namespace_only),
        }
    }

    /// Whether it hangs on something that is not read.
    pub(super) fn undecidable(&self) -> bool {
        match self {
            Self::All | Self::Nothing => false,
            Self::Undecidable => true,
            Self::Has(key)
            | Self::In(key, _)
            | Self::Contains(key, _)
            | Self::StartsWith(key, _)
            | Self::EndsWith(key, _) => *key == Key::NotRead,
            Self::Not(part) => part.undecidable(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::undecidable),
        }
    }
}

/// The answer of several parts, of which any `decisive` one decides; without one, an unknown one leaves it open.
fn decided(parts: &[Selector], subject: Subject<'_>, decisive: bool) -> Option<bool> {
    let mut answer = Some(!decisive);
    for part in parts {
        match part.selects(subject) {
            Some(selected) if selected == decisive => return Some(decisive),
            Some(_) => {}
            None => answer = None,
        }
    }
    answer
}

impl Subject<'_> {
    fn test(self, key: &Key, holds: impl Fn(&str) -> bool) -> Option<bool> {
        match self.value(key) {
            Value::Is(value) => Some(holds(value)),
            Value::Absent => Some(false),
            Value::Unknown => None,
        }
    }

    fn value<'b>(&'b self, key: &'b Key) -> Value<'b> {
        let label = |labels: Option<&'b Labels>, name: &str| match labels {
            Some(labels) => labels.get(name).map_or(Value::Absent, Value::Is),
            None => Value::Unknown,
        };
        match key {
            Key::Pod(name) => label(self.pod_labels, name),
            Key::Namespace(name) if NAMESPACE_NAME_LABELS.contains(&name.as_str()) => Value::Is(self.namespace),
            Key::Namespace(name) => label(self.namespace_labels, name),
            Key::NamespaceName => Value::Is(self.namespace),
            Key::Constant(value) => Value::Is(value),
            Key::NotRead => Value::Unknown,
        }
    }
}

/// What Cilium means by a label: `k8s:` and `any:` say where it comes from, and Cilium adds labels of its own.
fn cilium_key(name: String) -> Key {
    let plain = name.strip_prefix("k8s:").or_else(|| name.strip_prefix("any:")).unwrap_or(&name);
    if plain == CILIUM_NAMESPACE {
        Key::NamespaceName
    } else if let Some(label) = plain.strip_prefix(CILIUM_NAMESPACE_LABEL) {
        Key::Namespace(label.to_owned())
    } else if plain.contains(':') || plain.starts_with("io.cilium.k8s.") {
        Key::NotRead
    } else {
        Key::Pod(plain.to_owned())
    }
}
