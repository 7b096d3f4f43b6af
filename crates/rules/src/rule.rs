use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::annotation;
use crate::exemption::{Exemption, Exemptions, Part, Subject};
use crate::finding::{Finding, Owner};
use crate::image::TrustedSources;
use crate::kind::{Kind, Object, Read};
use crate::object::{Namespace, Pod};
use crate::parameters::{Globs, ParameterError, RuleParameters};
use crate::priv_escalation::{Reading, SecretsInEnv};
use crate::registry::{RegistryAnswer, RegistryQuestion};
use crate::{net_pol_check, priv_escalation, trusted_reg_check};

/// The three rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleName {
    /// Every namespace has a network policy.
    NetPolCheck,
    /// No running container may gain more privileges than its parent.
    PrivEscalation,
    /// Images come only from trusted registries.
    TrustedRegCheck,
}

impl RuleName {
    /// All rules, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::NetPolCheck, Self::PrivEscalation, Self::TrustedRegCheck];

    /// The rule's name, as it is written everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NetPolCheck => "netPolCheck",
            Self::PrivEscalation => "privEscalation",
            Self::TrustedRegCheck => "trustedRegCheck",
        }
    }

    /// The name of the function's binary.
    #[must_use]
    pub const fn binary(self) -> &'static str {
        match self {
            Self::NetPolCheck => "net-pol-check",
            Self::PrivEscalation => "priv-escalation",
            Self::TrustedRegCheck => "trusted-reg-check",
        }
    }

    /// The canonical names of the rule's own parameters.
    #[must_use]
    pub const fn own_parameters(self) -> &'static [&'static str] {
        match self {
            Self::NetPolCheck => net_pol_check::PARAMETERS,
            Self::PrivEscalation => priv_escalation::PARAMETERS,
            Self::TrustedRegCheck => trusted_reg_check::PARAMETERS,
        }
    }
}

/// The parameters that every judgement knows.
pub const JUDGEMENT_PARAMETERS: &[&str] = &["excludedNamespaces", "includeFinishedPods", "exemptions"];

impl fmt::Display for RuleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for RuleName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no rule; the rules are {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// Where the objects come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A running cluster.
    Cluster,
    /// Manifests, where nothing runs and nothing can be looked up.
    Manifests,
}

/// What the caller knows of the place and time of a judgement. The rules have no clock of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Where the objects come from.
    pub source: Source,
    /// The account that owns the cluster, twelve digits.
    pub account: Option<String>,
    /// The region of the cluster.
    pub region: Option<String>,
    /// The present time.
    pub now: Timestamp,
    /// How long a new namespace is left alone where `graceSeconds` does not say: 60 in the functions, 0 where somebody
    /// asks by hand.
    pub default_grace_seconds: u32,
}

/// What a rule was told to do: its parameters, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    rule: RuleName,
    excluded_namespaces: Globs,
    include_finished_pods: bool,
    exemptions: Vec<Exemption>,
    own: OwnParameters,
}

/// The parameters of one rule.
#[derive(Clone, Debug, PartialEq)]
enum OwnParameters {
    NetPolCheck(net_pol_check::Parameters),
    PrivEscalation(priv_escalation::Parameters),
    TrustedRegCheck(trusted_reg_check::Parameters),
}

impl Configuration {
    /// Takes what concerns the judgement from the rule parameters and leaves the rest.
    ///
    /// # Errors
    /// A value that is not allowed, or a mandatory one that is missing.
    pub fn take(rule: RuleName, parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let excluded_namespaces = parameters.globs("excludedNamespaces")?;
        let include_finished_pods = parameters.boolean("includeFinishedPods")?;
        let exemptions = match parameters.take("exemptions") {
            Some((given_name, json)) => Exemption::parse_list(&given_name, &json)?,
            None => Vec::new(),
        };
        let own = match rule {
            RuleName::NetPolCheck => OwnParameters::NetPolCheck(net_pol_check::Parameters::take(parameters)?),
            RuleName::PrivEscalation => OwnParameters::PrivEscalation(priv_escalation::Parameters::take(parameters)?),
            RuleName::TrustedRegCheck => {
                OwnParameters::TrustedRegCheck(trusted_reg_check::Parameters::take(parameters)?)
            }
        };
        Ok(Self { rule, excluded_namespaces, include_finished_pods, exemptions, own })
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> RuleName {
        self.rule
    }

    /// The namespaces that are not judged.
    #[must_use]
    pub const fn excluded_namespaces(&self) -> &Globs {
        &self.excluded_namespaces
    }

    /// Whether pods that have ended are judged, too.
    #[must_use]
    pub const fn includes_finished_pods(&self) -> bool {
        self.include_finished_pods
    }

    /// The exemptions, of every rule and date.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// How privEscalation reads security contexts; none for the other rules.
    #[must_use]
    pub const fn reading(&self) -> Option<Reading> {
        match &self.own {
            OwnParameters::PrivEscalation(own) => Some(own.reading()),
            OwnParameters::NetPolCheck(_) | OwnParameters::TrustedRegCheck(_) => None,
        }
    }

    /// What privEscalation makes of Secrets in environment variables; none for the other rules.
    #[must_use]
    pub const fn secrets_in_env(&self) -> Option<SecretsInEnv> {
        match &self.own {
            OwnParameters::PrivEscalation(own) => Some(own.secrets_in_env()),
            OwnParameters::NetPolCheck(_) | OwnParameters::TrustedRegCheck(_) => None,
        }
    }

    /// What trustedRegCheck trusts on a scene; none for the other rules.
    ///
    /// # Errors
    /// An entry that cannot be used on this scene, such as `ecr:self` where no account is known.
    pub fn trusted_images(&self, scene: &Scene) -> Result<Option<TrustedImages>, ParameterError> {
        let OwnParameters::TrustedRegCheck(own) = &self.own else { return Ok(None) };
        Ok(Some(TrustedImages {
            sources: own.trusted(scene)?,
            every_region: own.trusts_every_region(scene),
            require_digest: own.require_digest(),
            judges_running_image: own.judges_running_image(),
            registry_gate: own.registry_gate(),
        }))
    }

    /// Whether trustedRegCheck looks at chart sources.
    #[must_use]
    pub const fn judges_chart_sources(&self) -> bool {
        match &self.own {
            OwnParameters::TrustedRegCheck(own) => own.judges_chart_sources(),
            OwnParameters::NetPolCheck(_) | OwnParameters::PrivEscalation(_) => false,
        }
    }

    /// Adds exemptions to those of the parameters.
    pub fn exempt(&mut self, exemptions: impl IntoIterator<Item = Exemption>) {
        self.exemptions.extend(exemptions);
    }

    /// Starts a judgement.
    ///
    /// # Errors
    /// A parameter that cannot be used on this scene, such as `ecr:self` where no account is known.
    pub fn judge(&self, scene: &Scene) -> Result<Judge, ParameterError> {
        let fold: Box<dyn Fold> = match &self.own {
            OwnParameters::NetPolCheck(own) => Box::new(own.start(scene)?),
            OwnParameters::PrivEscalation(own) => Box::new(own.start()),
            OwnParameters::TrustedRegCheck(own) => Box::new(own.start(scene)?),
        };
        let today = scene.now.to_zoned(TimeZone::UTC).date();
        Ok(Judge {
            rule: self.rule,
            excluded_namespaces: self.excluded_namespaces.clone(),
            include_finished_pods: self.include_finished_pods,
            namespaces: BTreeMap::new(),
            counts: Counts::default(),
            context: Context { exemptions: Exemptions::new(&self.exemptions, self.rule, today), ..Context::default() },
            fold,
        })
    }
}

/// The parameters of trustedRegCheck, as they stand on a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedImages {
    /// Where images may come from.
    pub sources: TrustedSources,
    /// Whether `eks-addons` stands for every region, since none is known.
    pub every_region: bool,
    /// Whether a reference must have a digest.
    pub require_digest: bool,
    /// Whether a running image of another repository than its reference says is a finding.
    pub judges_running_image: bool,
    /// A parameter whose judgement needs to ask ECR, as (name, value), where one is set.
    pub registry_gate: Option<(&'static str, &'static str)>,
}

/// A rule's judgement over what was read: it observes one object at a time, in any order, and words its findings at the
/// end. It does no I/O and cannot fail.
pub(crate) trait Fold: Send {
    /// The kinds of object that it must see, in the order in which they are listed.
    fn reads(&self) -> Vec<Read>;
    /// Observes a namespace that is judged. It comes by name alone before the first object of any kind that is in it,
    /// and again where it is declared.
    fn namespace(&mut self, _namespace: &Namespace) {}
    /// Observes a live pod of a judged namespace.
    fn pod(&mut self, _pod: &Pod, _context: &mut Context) {}
    /// Observes any other object of a judged namespace, or of the whole cluster.
    fn object(&mut self, _object: Object<'_>) {}
    /// Is told of a kind that may not be read, where that is no hindrance.
    fn forbidden(&mut self, kind: Kind, context: &mut Context);
    /// Whether there may be [questions](Fold::registry_questions) at the end.
    fn asks_registry(&self) -> bool {
        false
    }
    /// What it must be told of registries before it can end, once every object was observed.
    fn registry_questions(&self) -> Vec<RegistryQuestion> {
        Vec::new()
    }
    /// Is told the answer to one of its questions.
    fn registry_answer(&mut self, _question: RegistryQuestion, _answer: RegistryAnswer) {}
    /// Ends the judgement.
    fn finish(self: Box<Self>, counts: &Counts, context: &mut Context) -> Verdict;
}

/// What the rules share while they observe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    exemptions: Exemptions,
    exempted: u64,
    skipped_namespaces: u64,
    first_notes: Vec<String>,
    notes: Vec<String>,
}

impl Context {
    /// Whether a container (or image volume) of a pod is exempt.
    pub(crate) fn exempts_container(&mut self, pod: &Pod, container: &str) -> bool {
        let exemptions = self.exemptions_of(pod, container);
        self.exempts_by(&exemptions, 1)
    }

    /// The exemptions of a container (or image volume) of a pod, for [`Context::exempts_by`] once it is known whether there
    /// is something to exempt it from.
    pub(crate) fn exemptions_of(&self, pod: &Pod, container: &str) -> Vec<usize> {
        let owner = Owner::of(&pod.metadata);
        let part = Part::Container(&owner, &pod.metadata.name, container);
        self.exemptions.matching(Subject { namespace: &pod.metadata.namespace, part })
    }

    /// Whether a subject of so many pods is exempt, given its exemptions.
    pub(crate) fn exempts_by(&mut self, exemptions: &[usize], pods: u64) -> bool {
        self.exemptions.use_all(exemptions);
        if !exemptions.is_empty() {
            self.exempted += pods;
        }
        !exemptions.is_empty()
    }

    /// Whether a namespace is exempt.
    pub(crate) fn exempts_namespace(&mut self, namespace: &str) -> bool {
        self.exempts(namespace, Part::Namespace)
    }

    /// Whether an object that is no workload is exempt.
    pub(crate) fn exempts_object(&mut self, namespace: &str, owner: &Owner) -> bool {
        self.exempts(namespace, Part::Object(owner))
    }

    fn exempts(&mut self, namespace: &str, part: Part<'_>) -> bool {
        let exempt = self.exemptions.exempt(Subject { namespace, part });
        self.exempted += u64::from(exempt);
        exempt
    }

    /// Takes namespaces out of those that are counted as judged.
    pub(crate) fn skip_namespaces(&mut self, number: u64) {
        self.skipped_namespaces += number;
    }

    /// Adds a note to the report, before all others, since the annotation has no room for all.
    pub(crate) fn note_first(&mut self, note: String) {
        self.first_notes.push(note);
    }

    /// Adds a note to the report.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

/// How a rule ends: its findings in order, and the first sentence of the annotation, without its full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What was found, in order.
    pub(crate) findings: Vec<Finding>,
    /// What was judged or what is wrong, in numbers.
    pub(crate) headline: String,
}

/// One rule's judgement of one cluster, under way.
pub struct Judge {
    rule: RuleName,
    excluded_namespaces: Globs,
    include_finished_pods: bool,
    /// Every namespace seen, and whether it is excluded.
    namespaces: BTreeMap<Box<str>, bool>,
    counts: Counts,
    context: Context,
    fold: Box<dyn Fold>,
}

impl fmt::Debug for Judge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Judge").field("rule", &self.rule).field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl Judge {
    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> RuleName {
        self.rule
    }

    /// The kinds of object that must be observed before [`Judge::report`], in order.
    #[must_use]
    pub fn reads(&self) -> Vec<Read> {
        self.fold.reads()
    }

    /// Observes one object. Objects of excluded namespaces and finished pods are counted and passed over.
    pub fn observe(&mut self, object: Object<'_>) {
        match object {
            Object::Namespace(namespace) => {
                if self.includes(&namespace.metadata.name) {
                    self.fold.namespace(namespace);
                }
            }
            Object::Pod(pod) => self.observe_pod(pod),
            _ => {
                if object.namespace().is_none_or(|namespace| self.includes(namespace)) {
                    self.fold.object(object);
                }
            }
        }
    }

    /// Says that a kind is served and may not be read, where a note of that is enough ([`crate::Need::IfReadable`]).
    pub fn forbidden(&mut self, kind: Kind) {
        self.fold.forbidden(kind, &mut self.context);
    }

    /// Whether there may be [questions](Judge::registry_questions) about registries once every object was observed.
    #[must_use]
    pub fn asks_registry(&self) -> bool {
        self.fold.asks_registry()
    }

    /// What must be [answered](Judge::registry_answer) before [`Judge::report`], once every object was observed.
    #[must_use]
    pub fn registry_questions(&self) -> Vec<RegistryQuestion> {
        self.fold.registry_questions()
    }

    /// Says what a registry says.
    pub fn registry_answer(&mut self, question: RegistryQuestion, answer: RegistryAnswer) {
        self.fold.registry_answer(question, answer);
    }

    /// Ends the judgement. Only a caller that observed every object of every kind in [`Judge::reads`], and answered every
    /// question of [`Judge::registry_questions`], may call it.
    #[must_use]
    pub fn report(self) -> Report {
        let Self { rule, namespaces, mut counts, mut context, fold, .. } = self;
        counts.excluded_namespaces = namespaces.values().filter(|excluded| **excluded).count() as u64;
        counts.namespaces = namespaces.len() as u64 - counts.excluded_namespaces;
        let Verdict { findings, headline } = fold.finish(&counts, &mut context);
        counts.namespaces = counts.namespaces.saturating_sub(context.skipped_namespaces);
        counts.exempted = context.exempted;
        counts.findings = findings.len() as u64;
        let mut notes = context.first_notes;
        notes.extend(counts.notes());
        let mut further_notes = context.exemptions.notes();
        further_notes.extend(context.notes);
        let compliance_type =
            if findings.is_empty() { ComplianceType::Compliant } else { ComplianceType::NonCompliant };
        let annotation = annotation::worded(&headline, &findings, &notes, &further_notes);
        notes.extend(further_notes);
        Report { rule, compliance_type, annotation, counts, findings, notes }
    }

    /// Whether a namespace is judged; it is remembered either way.
    fn includes(&mut self, namespace: &str) -> bool {
        if let Some(excluded) = self.namespaces.get(namespace) {
            return !excluded;
        }
        let excluded = self.excluded_namespaces.matches(namespace);
        self.namespaces.insert(namespace.into(), excluded);
        if !excluded {
            self.fold.namespace(&Namespace::named(namespace));
        }
        !excluded
    }

    fn observe_pod(&mut self, pod: &Pod) {
        if !self.includes(&pod.metadata.namespace) {
            return;
        }
        if pod.finished() && !self.include_finished_pods {
            self.counts.finished_pods += 1;
            return;
        }
        self.counts.pods += 1;
        self.counts.containers += crate::container_walk::containers(pod).count() as u64;
        self.fold.pod(pod, &mut self.context);
    }
}

/// What was judged and passed over, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Pods judged.
    pub pods: u64,
    /// Their containers, of every kind.
    pub containers: u64,
    /// Namespaces judged: those that the rule's objects are in.
    pub namespaces: u64,
    /// Namespaces excluded by a parameter.
    pub excluded_namespaces: u64,
    /// Pods that were not judged because they have ended.
    pub finished_pods: u64,
    /// Subjects that an exemption kept from being a finding, counted per pod and container (or namespace).
    pub exempted: u64,
    /// Findings.
    pub findings: u64,
}

impl Counts {
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.excluded_namespaces > 0 {
            notes.push(format!("{} excluded", counted(self.excluded_namespaces, "namespace")));
        }
        if self.finished_pods > 0 {
            notes.push(format!("{} not judged", counted(self.finished_pods, "finished pod")));
        }
        if self.exempted > 0 {
            notes.push(format!("{} exempted", self.exempted));
        }
        notes
    }
}

/// A number and its noun: `1 pod`, `2 pods`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The first few names, and how many more there are.
pub(crate) fn first_few(names: &BTreeSet<String>, few: usize) -> String {
    let mut words = names.iter().take(few).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > few {
        words.push_str(&format!(" and {} more", names.len() - few));
    }
    words
}

/// AWS Config's compliance type, of which a judgement gives two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComplianceType {
    /// Nothing was found, and everything was read.
    Compliant,
    /// Something was found.
    NonCompliant,
}

/// What a rule says of one cluster or of one set of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The rule.
    pub rule: RuleName,
    /// The verdict.
    pub compliance_type: ComplianceType,
    /// The verdict in at most 256 characters.
    pub annotation: String,
    /// The numbers.
    pub counts: Counts,
    /// Every finding, in order.
    pub findings: Vec<Finding>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}
