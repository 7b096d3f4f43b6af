use jiff::civil::Date;
use serde::Deserialize;

use crate::finding::Owner;
use crate::mapping::Mapping;
use crate::parameters::ParameterError;
use crate::rule::RuleName;

/// What an exemption may look like, for error messages.
const SHAPE: &str = r#"a JSON list of {"rules"?: [...], "namespace", "owner"?: {"kind","name"}, "pod"?, "container"?, "reason", "expires"?: "YYYY-MM-DD"}, for netPolCheck alone without owner, pod and container"#;

/// A subject that is known not to comply and is accepted for a stated reason. Names are exact.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exemption {
    /// The rules that it holds for, by name; all where absent.
    #[serde(default)]
    pub rules: Option<Vec<RuleName>>,
    /// The namespace.
    pub namespace: String,
    /// The owner of the pods.
    #[serde(default)]
    pub owner: Option<ExemptOwner>,
    /// One pod.
    #[serde(default)]
    pub pod: Option<String>,
    /// One container or image volume.
    #[serde(default)]
    pub container: Option<String>,
    /// Why; never empty.
    pub reason: String,
    /// The last day, in UTC, on which it holds.
    #[serde(default, deserialize_with = "date")]
    pub expires: Option<Date>,
}

/// The owner that an exemption names.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ExemptOwner {
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Name.
    pub name: String,
}

impl Exemption {
    /// Reads a list of exemptions from its JSON.
    ///
    /// # Errors
    /// JSON of another shape, an empty name or reason, a date that does not exist, and an exemption that can hold for no
    /// rule: of an empty list of rules, or of something in a namespace for netPolCheck alone.
    pub fn parse_list(parameter: &str, json: &str) -> Result<Vec<Self>, ParameterError> {
        let error =
            |given: String| ParameterError { parameter: parameter.to_owned(), given, allowed: SHAPE.to_owned() };
        let exemptions = Self::read_list(json).map_err(|cause| error(format!("{json:?} ({cause})")))?;
        for (index, exemption) in exemptions.iter().enumerate() {
            if let Some(mistake) = exemption.mistake() {
                return Err(error(format!("item {index} with {mistake}")));
            }
        }
        Ok(exemptions)
    }

    fn read_list(json: &str) -> serde_json::Result<Vec<Self>> {
        let exemptions = serde_json::from_str(json)?;
        // The text knows where a mistake is, and which name comes twice; the value, that an object is no sequence.
        Vec::<Self>::deserialize(Mapping(&serde_json::from_str(json)?))?;
        Ok(exemptions)
    }

    /// What keeps the exemption from ever holding, or from saying why it does.
    fn mistake(&self) -> Option<String> {
        let owner = self.owner.as_ref();
        let texts = [
            ("namespace", Some(&self.namespace)),
            ("owner kind", owner.map(|owner| &owner.kind)),
            ("owner name", owner.map(|owner| &owner.name)),
            ("pod", self.pod.as_ref()),
            ("container", self.container.as_ref()),
            ("reason", Some(&self.reason)),
        ];
        if let Some((name, _)) = texts.into_iter().find(|(_, text)| text.is_some_and(|text| text.trim().is_empty())) {
            return Some(format!("an empty {name}"));
        }
        let rules = self.rules.as_deref()?;
        if rules.is_empty() {
            return Some("an empty list of rules".to_owned());
        }
        let only_namespaces = rules.iter().all(|rule| *rule == RuleName::NetPolCheck);
        let part =
            [("an owner", owner.is_some()), ("a pod", self.pod.is_some()), ("a container", self.container.is_some())]
                .into_iter()
                .find_map(|(name, given)| given.then_some(name))?;
        only_namespaces.then(|| format!("{part} for netPolCheck, which exempts whole namespaces"))
    }

    /// The exemption in words, for notes.
    fn subject(&self) -> String {
        let mut words = self.namespace.clone();
        if let Some(owner) = &self.owner {
            words.push_str(&format!("/{}/{}", owner.kind, owner.name));
        }
        if let Some(pod) = &self.pod {
            words.push_str(&format!("/Pod/{pod}"));
        }
        if let Some(container) = &self.container {
            words.push_str(&format!("[{container}]"));
        }
        words
    }
}

/// The exemptions of one judgement: which hold today, and which were of use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exemptions {
    held: Vec<(Exemption, bool)>,
    expired: Vec<Exemption>,
}

/// The subject that an exemption is looked up for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The namespace.
    pub(crate) namespace: &'a str,
    /// What of it.
    pub(crate) part: Part<'a>,
}

/// What of a namespace an exemption is looked up for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// All of it.
    Namespace,
    /// Owner, pod and container.
    Container(&'a Owner, &'a str, &'a str),
    /// An object that is no workload.
    Object(&'a Owner),
}

impl Exemptions {
    /// Those that concern `rule`, as they stand on `today` (UTC).
    pub(crate) fn new(exemptions: &[Exemption], rule: RuleName, today: Date) -> Self {
        let concern =
            exemptions.iter().filter(|exemption| exemption.rules.as_ref().is_none_or(|rules| rules.contains(&rule)));
        let (expired, held): (Vec<_>, Vec<_>) =
            concern.cloned().partition(|exemption| exemption.expires.is_some_and(|last| last < today));
        Self { held: held.into_iter().map(|exemption| (exemption, false)).collect(), expired }
    }

    /// Whether the subject is exempt. Every exemption that matches counts as used.
    pub(crate) fn exempt(&mut self, subject: Subject<'_>) -> bool {
        let matching = self.matching(subject);
        self.use_all(&matching);
        !matching.is_empty()
    }

    /// The exemptions that match the subject, for [`Exemptions::use_all`].
    pub(crate) fn matching(&self, subject: Subject<'_>) -> Vec<usize> {
        let held = self.held.iter().enumerate();
        held.filter(|(_, (exemption, _))| matches(exemption, subject)).map(|(index, _)| index).collect()
    }

    /// Counts exemptions as used.
    pub(crate) fn use_all(&mut self, exemptions: &[usize]) {
        for index in exemptions {
            if let Some((_, used)) = self.held.get_mut(*index) {
                *used = true;
            }
        }
    }

    /// The notes about exemptions that expired or matched nothing.
    pub(crate) fn notes(&self) -> Vec<String> {
        let expired = self.expired.iter().map(|exemption| {
            let last = exemption.expires.map(|date| date.to_string()).unwrap_or_default();
            format!("exemption of {} expired after {last}", exemption.subject())
        });
        let redundant = self.held.iter().filter(|(_, used)| !used);
        expired
            .chain(
                redundant.map(|(exemption, _)| {
                    format!("exemption of {} is redundant: it matched nothing", exemption.subject())
                }),
            )
            .collect()
    }
}

fn matches(exemption: &Exemption, subject: Subject<'_>) -> bool {
    if exemption.namespace != subject.namespace {
        return false;
    }
    let names = |owner: &Owner| {
        exemption.owner.as_ref().is_none_or(|exempt| exempt.kind == owner.kind && exempt.name == owner.name)
    };
    let whole = exemption.pod.is_none() && exemption.container.is_none();
    match subject.part {
        Part::Namespace => whole && exemption.owner.is_none(),
        Part::Object(owner) => whole && names(owner),
        Part::Container(owner, pod, container) => {
            names(owner)
                && exemption.pod.as_deref().is_none_or(|name| name == pod)
                && exemption.container.as_deref().is_none_or(|name| name == container)
        }
    }
}

fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse()
        .ok()
        .filter(|date: &Date| date.to_string() == text)
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a date of the form YYYY-MM-DD")))
}
