//! Where in the manifests the findings are. Judging remembers no places: the files are read a second time, for the
//! subjects that were found alone, so that memory grows with findings and not with objects.

use std::collections::HashMap;
use std::path::PathBuf;

use eks_rules::object::Metadata;
use eks_rules::{ChartUrl, ContainerKind, Finding, Kind, Owner};

use super::files::Input;
use super::kinds::{Known, is_list, known, of_charts};
use super::node::{ListType, Node, Nodes, Place};
use super::places;
use super::text::Text;
use crate::output::Judged;

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The file; none for standard input.
    pub(crate) file: Option<PathBuf>,
    /// The line, from 1.
    pub(crate) line: u64,
    /// The column, from 1, in characters.
    pub(crate) column: u64,
}

/// Where the findings are, as far as that was looked for and found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locations {
    files: Vec<Option<PathBuf>>,
    /// By the number of the verdict and of its finding: the file's number, and the place in it.
    found: Vec<Vec<Option<Found>>>,
}

/// A place that was found, and how well it fits: 0 is best.
#[derive(Clone, Copy, Debug)]
struct Found {
    rank: u8,
    file: usize,
    place: Place,
}

impl Locations {
    /// Where a finding of a verdict is.
    pub(crate) fn of(&self, verdict: usize, finding: usize) -> Option<Location> {
        let Found { file, place: Place { line, column }, .. } = (*self.found.get(verdict)?.get(finding)?)?;
        Some(Location { file: self.files.get(file)?.clone(), line, column })
    }
}

/// Looks for the subjects of the findings in the files that were judged.
pub(super) fn find(inputs: &[Input], judged: &[Judged]) -> Locations {
    let mut search = Search::new(judged);
    let mut files = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        files.push(input.path());
        search.file = number;
        if search.subjects.is_empty() && search.sources.is_empty() && search.namespaces.is_empty() {
            continue;
        }
        // What can no longer be read has no location.
        let Ok(text) = input.open().and_then(Text::new) else { continue };
        let mut nodes = Nodes::new(|object: &Node, list: ListType<'_>| search.object(object, list));
        places::read(text, &mut |place, event| nodes.event(place, event));
    }
    Locations { files, found: search.found }
}

/// What a finding about a container is looked for by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Subject {
    namespace: String,
    owner: Owner,
    kind: ContainerKind,
    container: String,
    /// None where the finding is not about an image.
    image: Option<String>,
}

/// The numbers of a verdict and of its finding.
type Number = (usize, usize);

struct Search {
    subjects: HashMap<Subject, Vec<Number>>,
    /// By namespace, owner and URL.
    sources: HashMap<(String, Owner, String), Vec<Number>>,
    namespaces: HashMap<String, Vec<Number>>,
    found: Vec<Vec<Option<Found>>>,
    /// The file that is being read.
    file: usize,
}

impl Search {
    fn new(judged: &[Judged]) -> Self {
        let mut search = Self {
            subjects: HashMap::new(),
            sources: HashMap::new(),
            namespaces: HashMap::new(),
            found: Vec::new(),
            file: 0,
        };
        for (verdict, one) in judged.iter().enumerate() {
            let findings = one.outcome.as_ref().map_or(&[][..], |report| &report.findings);
            search.found.push(vec![None; findings.len()]);
            for (number, finding) in findings.iter().enumerate() {
                search.want(finding, (verdict, number));
            }
        }
        search
    }

    fn want(&mut self, finding: &Finding, number: Number) {
        if let (Some(namespace), Some(owner), Some(source)) = (&finding.namespace, &finding.owner, &finding.source) {
            let key = (namespace.clone(), owner.clone(), source.clone());
            self.sources.entry(key).or_default().push(number);
            return;
        }
        match (&finding.namespace, &finding.owner, &finding.container, finding.container_kind) {
            (Some(namespace), Some(owner), Some(container), Some(kind)) => {
                let subject = Subject {
                    namespace: namespace.clone(),
                    owner: owner.clone(),
                    kind,
                    container: container.clone(),
                    image: finding.image.clone(),
                };
                self.subjects.entry(subject).or_default().push(number);
            }
            (Some(namespace), None, ..) => self.namespaces.entry(namespace.clone()).or_default().push(number),
            _ => {}
        }
    }

    /// Looks at one object.
    fn object(&mut self, object: &Node, list: ListType<'_>) {
        let text = |key: &str| object.get(key).and_then(Node::text);
        let Some(kind) = text("kind").or(list.kind) else { return };
        let api_version = text("apiVersion").or(list.api_version).unwrap_or_default();
        if is_list(api_version, kind) {
            let list = object.list_type();
            object.get("items").into_iter().flat_map(Node::elements).for_each(|item| self.object(item, list));
            return;
        }
        let Some(known) = known(api_version, kind) else { return };
        let Some(metadata) = object.get("metadata") else { return };
        let field = |key: &str| metadata.get(key).and_then(Node::text).filter(|text| !text.is_empty());
        let Some(name) = field("name").or_else(|| field("generateName")) else { return };
        let namespace = field("namespace").unwrap_or("default");
        let place = object.place;
        if known == Known::Read(Kind::Namespace) {
            self.namespace(name, 0, place);
        } else if known.namespaced() && !matches!(known, Known::Read(kind) if of_charts(kind)) {
            self.namespace(namespace, 1, place);
        }
        let owner = Owner::new(known.name(), name);
        let (owner, rank, path): (Owner, u8, &[&str]) = match known {
            Known::Read(Kind::Pod) => {
                let controlled = serde_json::from_value::<Metadata>(metadata.value())
                    .map(|metadata| Owner::of(&metadata))
                    .ok()
                    .filter(|by| by.kind != "Pod");
                let rank = u8::from(controlled.is_some());
                (controlled.unwrap_or(owner), rank, &["spec"])
            }
            Known::Read(kind) => {
                if of_charts(kind) {
                    self.chart_sources(namespace, &owner, object);
                }
                return;
            }
            Known::Workload(_) => (owner, 0, &["spec", "template", "spec"]),
            Known::CronJob => (owner, 0, &["spec", "jobTemplate", "spec", "template", "spec"]),
            Known::PodTemplate => (owner, 0, &["template", "spec"]),
        };
        if let Some(spec) = object.at(path) {
            self.pod(namespace, &owner, rank, spec);
        }
    }

    /// Looks at the containers and image volumes of a pod.
    fn pod(&mut self, namespace: &str, owner: &Owner, rank: u8, spec: &Node) {
        let lists = [
            ("initContainers", ContainerKind::InitContainer, &["image"][..]),
            ("containers", ContainerKind::Container, &["image"]),
            ("ephemeralContainers", ContainerKind::EphemeralContainer, &["image"]),
            ("volumes", ContainerKind::ImageVolume, &["image", "reference"]),
        ];
        for (list, kind, image) in lists {
            for container in spec.get(list).into_iter().flat_map(Node::elements) {
                let name = container.get("name").and_then(Node::text).unwrap_or_default();
                let image = container.at(image).and_then(Node::text).unwrap_or_default();
                let mut subject = Subject {
                    namespace: namespace.to_owned(),
                    owner: owner.clone(),
                    kind,
                    container: name.to_owned(),
                    image: Some(image.to_owned()),
                };
                self.subject(&subject, rank, container.place);
                subject.image = None;
                self.subject(&subject, rank, container.place);
            }
        }
    }

    /// Looks at each URL of an object that says where charts come from; one without a URL is where the object is.
    fn chart_sources(&mut self, namespace: &str, owner: &Owner, object: &Node) {
        let mut url = |rank: u8, text: &str, place: Place| {
            let key = (namespace.to_owned(), owner.clone(), ChartUrl::shown(text));
            note(&mut self.found, self.sources.get(&key), Found { rank, file: self.file, place });
        };
        let mut urls = Vec::new();
        object.find(&["url", "repoURL"], &mut urls);
        for node in urls {
            url(0, node.text().unwrap_or_default(), node.place);
        }
        url(1, "", object.place);
    }

    fn subject(&mut self, subject: &Subject, rank: u8, place: Place) {
        let found = Found { rank, file: self.file, place };
        note(&mut self.found, self.subjects.get(subject), found);
    }

    fn namespace(&mut self, name: &str, rank: u8, place: Place) {
        let found = Found { rank, file: self.file, place };
        note(&mut self.found, self.namespaces.get(name), found);
    }
}

/// Keeps a place for these findings, unless there is one that fits as well.
fn note(all: &mut [Vec<Option<Found>>], numbers: Option<&Vec<Number>>, found: Found) {
    for (verdict, finding) in numbers.into_iter().flatten() {
        if let Some(held) = all.get_mut(*verdict).and_then(|verdict| verdict.get_mut(*finding))
            && held.is_none_or(|held| found.rank < held.rank)
        {
            *held = Some(found);
        }
    }
}
