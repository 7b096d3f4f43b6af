//! `trustedChartSources`: where Flux and Argo CD take charts from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::wording::listed;
use crate::chart::{ChartUrl, ChartUrlError, TrustedChartSource, TrustedChartSources};
use crate::finding::{Finding, Owner, Reason};
use crate::kind::{Kind, Object};
use crate::object::{ArgoApplicationSet, ArgoApplicationSpec, ArgoSource, FluxSource, Metadata, SourceReference};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Scene, counted, first_few};

/// The name of the parameter.
pub(super) const PARAMETER: &str = "trustedChartSources";

/// How many objects a note names.
const NAMED: usize = 3;

/// The parameter `trustedChartSources`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    /// The entries as they were given.
    entries: Vec<String>,
    sources: Vec<TrustedChartSource>,
}

impl Parameters {
    /// Takes the parameter; none where it is not given.
    pub(super) fn take(parameters: &mut RuleParameters) -> Result<Option<Self>, ParameterError> {
        let allowed = "a comma list of at least one chart source, such as charts.example.com,ecr:self/charts";
        let Some((given_name, entries)) = parameters.filled_list(PARAMETER, allowed)? else { return Ok(None) };
        let parse = |entry: &String| TrustedChartSource::parse(&given_name, entry);
        let sources = entries.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Some(Self { entries, sources }))
    }

    /// Starts the judgement.
    pub(super) fn start(&self, scene: &Scene) -> Result<ChartSources, ParameterError> {
        Ok(ChartSources {
            trusted: TrustedChartSources::on(PARAMETER, &self.sources, scene)?,
            entries: self.entries.clone(),
            judged: BTreeMap::new(),
            git: BTreeMap::new(),
            used: BTreeSet::new(),
            unread: BTreeSet::new(),
            unknown: BTreeMap::new(),
        })
    }
}

/// Namespace and name of an object of Flux.
type FluxName = (Box<str>, Box<str>);

/// The judgement of chart sources, under way.
pub(super) struct ChartSources {
    trusted: TrustedChartSources,
    /// The entries as they were given, for advice.
    entries: Vec<String>,
    /// By namespace, owner and URL: the advice where no entry trusts it.
    judged: BTreeMap<(String, Owner, String), Option<String>>,
    /// The git repositories, each with its URL and the advice, since what uses them may come later.
    git: BTreeMap<FluxName, (String, Option<String>)>,
    /// The git repositories that a chart comes from.
    used: BTreeSet<FluxName>,
    /// Kinds that may not be read.
    unread: BTreeSet<Kind>,
    /// What cannot be judged, by why: the objects.
    unknown: BTreeMap<&'static str, BTreeSet<String>>,
}

/// What is told of the chart sources.
pub(super) struct Judged {
    /// How many there are.
    pub(super) sources: u64,
    /// Those of them that are exempt.
    pub(super) exempted: u64,
    /// Those that no entry trusts.
    pub(super) findings: Vec<Finding>,
}

impl ChartSources {
    /// Observes an object of one of [`Kind::OF_CHARTS`].
    pub(super) fn observe(&mut self, object: Object<'_>) {
        match object {
            Object::FluxSource(kind, source) => self.flux_source(kind, source),
            Object::HelmChart(chart) => self.reference(Kind::HelmChart, &chart.metadata, &chart.spec.source_ref),
            Object::HelmRelease(release) => {
                self.reference(Kind::HelmRelease, &release.metadata, &release.spec.chart.spec.source_ref);
                self.reference(Kind::HelmRelease, &release.metadata, &release.spec.chart_ref);
            }
            Object::ArgoApplication(application) => {
                for source in sources(&application.spec).filter(|source| is_chart(source)) {
                    self.judge(Kind::ArgoApplication, &application.metadata, &source.repo_url, "repoURL");
                }
            }
            Object::ArgoApplicationSet(set) => self.application_set(set),
            _ => {}
        }
    }

    /// Is told of a kind that may not be read.
    pub(super) fn forbidden(&mut self, kind: Kind) {
        self.unread.insert(kind);
    }

    /// Ends the judgement.
    pub(super) fn finish(mut self, context: &mut Context) -> Judged {
        self.note(context);
        for (name, (url, advice)) in std::mem::take(&mut self.git) {
            if self.used.contains(&name) {
                let (namespace, name) = (name.0.into_string(), name.1.into_string());
                self.judged.insert((namespace, Owner::new(Kind::GitRepository.name(), name), url), advice);
            }
        }
        let sources = self.judged.len() as u64;
        let mut findings = Vec::new();
        let mut exempted = 0;
        for ((namespace, owner, source), advice) in self.judged {
            let Some(advice) = advice else { continue };
            if context.exempts_object(&namespace, &owner) {
                exempted += 1;
                continue;
            }
            findings.push(Finding {
                namespace: Some(namespace),
                owner: Some(owner),
                reasons: vec![Reason::UntrustedChartSource],
                source: Some(source),
                advice,
                ..Finding::default()
            });
        }
        Judged { sources, exempted, findings }
    }

    fn flux_source(&mut self, kind: Kind, source: &FluxSource) {
        let url = &source.spec.url;
        if kind == Kind::GitRepository {
            let name = flux_name(&source.metadata.namespace, &source.metadata.name);
            let judged = (ChartUrl::shown(url), self.advice(url, "spec.url"));
            self.git.insert(name, judged);
        } else {
            self.judge(kind, &source.metadata, url, "spec.url");
        }
    }

    /// Observes where a chart or a release of Flux comes from.
    fn reference(&mut self, kind: Kind, metadata: &Metadata, reference: &SourceReference) {
        let known = Kind::OF_CHARTS.iter().find(|known| known.name() == reference.kind);
        match known {
            Some(Kind::GitRepository) => {
                let here = reference.namespace.is_empty();
                let namespace = if here { &metadata.namespace } else { &reference.namespace };
                self.used.insert(flux_name(namespace, &reference.name));
            }
            // The others are judged whether or not they are used.
            Some(_) => {}
            None if reference.kind.is_empty() => {}
            None => self.unknown("a source of another kind", kind, metadata),
        }
    }

    fn application_set(&mut self, set: &ArgoApplicationSet) {
        let (kind, metadata) = (Kind::ArgoApplicationSet, &set.metadata);
        let mut overrides: Vec<ArgoSource> = Vec::new();
        set.spec.generators.iter().for_each(|generator| of_generator(generator, &mut overrides));
        let all: Vec<&ArgoSource> = sources(&set.spec.template.spec).chain(&overrides).collect();
        // A generator's template is laid over the other, so that one may have the URL and the other the chart.
        let chart = all.iter().any(|source| !source.chart.is_empty()) && !overrides.is_empty();
        for source in all {
            let url = &source.repo_url;
            let scheme_is_open = url.split("://").next().is_some_and(|scheme| scheme.contains("{{"));
            if url.is_empty() && !overrides.is_empty() {
                continue;
            }
            if url.contains("{{") && (chart || scheme_is_open || is_chart(source)) {
                self.unknown("a repoURL with {{…}}", kind, metadata);
            } else if chart || is_chart(source) {
                self.judge(kind, metadata, url, "repoURL");
            }
        }
        if !set.spec.template_patch.is_empty() {
            self.unknown("a templatePatch", kind, metadata);
        }
    }

    fn judge(&mut self, kind: Kind, metadata: &Metadata, url: &str, field: &str) {
        let key = (metadata.namespace.clone(), Owner::new(kind.name(), &metadata.name), ChartUrl::shown(url));
        let advice = self.advice(url, field);
        // Of two URLs that differ in what is not shown, one may be trusted and the other not.
        let known = self.judged.entry(key).or_default();
        *known = known.take().or(advice);
    }

    fn unknown(&mut self, why: &'static str, kind: Kind, metadata: &Metadata) {
        let object = format!("{}/{}/{}", metadata.namespace, kind.name(), metadata.name);
        self.unknown.entry(why).or_default().insert(object);
    }

    fn note(&self, context: &mut Context) {
        if !self.unread.is_empty() {
            let kinds: Vec<&str> = self.unread.iter().map(|kind| kind.plural()).collect();
            context.note_first(format!("chart sources not judged, as they may not be listed: {}", kinds.join(", ")));
        }
        for (why, objects) in &self.unknown {
            context.note_first(format!(
                "chart sources of {} not judged, as they have {why}: {}",
                counted(objects.len() as u64, "object"),
                first_few(objects, NAMED)
            ));
        }
    }

    /// What to do about a URL that no entry trusts; none where one does.
    fn advice(&self, url: &str, field: &str) -> Option<String> {
        let read = ChartUrl::parse(url);
        if read.as_ref().is_ok_and(|read| self.trusted.trust(read)) {
            return None;
        }
        Some(advice(&read, field, &self.entries))
    }
}

fn advice(url: &Result<ChartUrl, ChartUrlError>, field: &str, entries: &[String]) -> String {
    match url {
        Ok(url) => {
            let entry = url.entry();
            format!(
                "Mirror the chart to a trusted source ({}) and name that in {field}, or add {entry} to {PARAMETER}.",
                listed(entries)
            )
        }
        Err(why) => format!("Correct {field}, SCHEME://HOST[:PORT]/PATH: {why}."),
    }
}

fn flux_name(namespace: &str, name: &str) -> FluxName {
    (namespace.into(), name.into())
}

/// All sources of an application.
fn sources(spec: &ArgoApplicationSpec) -> impl Iterator<Item = &ArgoSource> {
    spec.source.iter().chain(&spec.sources)
}

/// Whether a source of Argo CD is a chart, or an OCI artifact that may be one, and not a directory of a git repository.
fn is_chart(source: &ArgoSource) -> bool {
    let scheme = source.repo_url.split_once("://").map(|(scheme, _)| scheme);
    !source.chart.is_empty() || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("oci"))
}

/// The sources in the templates of a generator, and of those that it is made of.
fn of_generator(generator: &Value, found: &mut Vec<ArgoSource>) {
    match generator {
        Value::Array(generators) => generators.iter().for_each(|generator| of_generator(generator, found)),
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    "template" => {
                        let several = value.pointer("/spec/sources").and_then(Value::as_array).into_iter().flatten();
                        let all = value.pointer("/spec/source").into_iter().chain(several);
                        found.extend(all.map(|source| {
                            let text = |key: &str| source[key].as_str().unwrap_or_default().to_owned();
                            ArgoSource { repo_url: text("repoURL"), chart: text("chart") }
                        }));
                    }
                    _ => of_generator(value, found),
                }
            }
        }
        _ => {}
    }
}
