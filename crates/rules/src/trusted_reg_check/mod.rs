//! # trustedRegCheck
//!
//! Images come only from trusted registries.
//!
//! ## Reads
//! Pods: the image of every container (init, regular, ephemeral) and image volume, and the `imageID` that runs. With
//! `trustedChartSources` also HelmRepositories, OCIRepositories, GitRepositories, HelmCharts and HelmReleases of Flux,
//! Applications and ApplicationSets of Argo CD, where they are served.
//!
//! ## Non-compliant when
//! An image reference does not parse, or names a repository that no entry of `trustedRegistries` trusts. Under
//! `requireDigest` a reference without a digest, too. Under `imageId=require` a container whose running `imageID` names
//! a repository that no entry trusts although its reference is trusted, too. Under the parameters that ask ECR: an image
//! with a scan finding at or above `failOnSeverity`; one without a scan result (`unscanned=fail`); one that is referred to
//! by a tag that can be moved; one whose repository no KMS key encrypts. With `trustedChartSources` a chart source
//! that no entry of it trusts or that is no URL: each HelmRepository and OCIRepository, a GitRepository that a
//! HelmRelease or HelmChart takes a chart from, and each source of an Application or ApplicationSet that has a `chart`
//! or the scheme `oci`.
//!
//! ## Not judged
//! Finished pods, unless `includeFinishedPods` is true; pods of excluded namespaces. Both are counted. A running
//! `imageID` that is empty (not started) or a bare digest names no repository: it is counted and never a finding. Manifests run
//! nothing, so nothing is said of it there. A kind of chart source that may not be listed, a source of another kind
//! (a Bucket), and an ApplicationSet whose repoURL is a template (`{{…}}`) or that has a templatePatch:
//! a note names them. What an ApplicationSet made in a cluster is judged as the Application that it is. Where ECR must be
//! asked and does not answer, the cluster is not judged.
//!
//! ## Parameters
//! `trustedRegistries` (mandatory): a comma list of
//! - `HOST[:PORT]`: that registry, whole;
//! - `HOST[:PORT]/PATH`: PATH itself and what lies under it, on segment borders. `docker.io/nginx` is the official image
//!   and the namespace of that name, as Docker Hub has it; `docker.io/library/nginx` is the image alone;
//! - `*.DOMAIN[/PATH]`: hosts one label below DOMAIN;
//! - `ecr:ACCOUNT[/REGION][/PATH]`: that account's ECR under each of its host names. The second part is the region where
//!   it has the shape of one, so a path of that shape needs the region written before it;
//! - `ecr:self[/PATH]`: the ECR of the cluster's own account, in any region;
//! - `eks-addons`: the registries of EKS's own add-ons in the cluster's region. Where no region is known (manifests)
//!   those of every region are trusted, and a note says so.
//!
//! `requireDigest`: `true`, `false` (default). `imageId`: `report` (default: a note), `require`, `ignore`.
//!
//! The gates, all off by default and for clusters only: `failOnSeverity` (CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL,
//! UNDEFINED), `unscanned` (`report`, `fail`), `requireImmutableTags`, `requireKmsEncryption`. ECR is asked in the
//! cluster's own account and those of `scanAccounts`. `docs/ecr-gates.md` says what each answer means.
//!
//! `trustedChartSources` (none by default): a comma list of the same forms, compared with the URL of a chart source: its
//! scheme (oci, https, http, ssh, git) and user are left out, as are query and fragment; hosts in any case; a port is
//! that of the scheme where neither says one; paths with their upper case, on segment borders; nothing is added for
//! Docker Hub. `git@HOST:PATH` is a URL too. `ecr:` and `eks-addons` trust `oci://` alone, and so Argo CD's `HOST/PATH`.
//!
//! ## Why
//! Whoever can push to a registry that a cluster pulls from runs code in that cluster.
//!
//! ## Differs from
//! - The older Python sample and several policy libraries compare text: `image.split("/")[0]`, a prefix (Gatekeeper's
//!   `K8sAllowedRepos`), a pattern (Kyverno's `restrict-image-registries`), the end of a host (Trivy's KSV032 to KSV035).
//!   So `nginx` has no registry, and `docker.io.evil.com/x` or `gcr.io/proj-evil/x` passes. Here the reference is read as
//!   the container runtime reads it, and entries match whole hosts and whole path segments.
//! - CIS EKS 5.1.4 asks for approved registries and does not say how to compare. kubeaudit and Polaris look at tags
//!   only, Prowler at ECR from outside; Pod Security Standards say nothing of images.
//! - None of them looks at image volumes, at the image that really runs, or at where charts come from.
//!
//! ## Reference
//! `github.com/distribution/reference`; CIS EKS Benchmark 5.1.4 (minimize container registries to only those approved).

mod chart_source;
mod gates;
mod registry_memory;
mod scan;
mod settings;
mod wording;

use std::collections::HashMap;

use self::chart_source::{ChartSources, Judged};
use self::gates::Gates;
use self::registry_memory::RegistryMemory;
use self::wording::{Classes, advice};
use crate::container_walk::{containers, image_volumes};
use crate::finding::{ContainerFindings, ContainerKey, ContainerKind, Found, Owner, Reason};
use crate::image::{ImageReference, TrustedSource, TrustedSources};
use crate::kind::{Kind, Need, Object, Read};
use crate::object::Pod;
use crate::parameters::{ParameterError, RuleParameters};
use crate::registry::{RegistryAnswer, RegistryQuestion};
use crate::rule::{Context, Counts, Fold, Scene, Source, Verdict, counted};

/// The rule's own parameters.
pub(crate) const PARAMETERS: &[&str] = &[
    "trustedRegistries",
    "requireDigest",
    "imageId",
    chart_source::PARAMETER,
    "failOnSeverity",
    "unscanned",
    "requireImmutableTags",
    "requireKmsEncryption",
    "scanAccounts",
];

/// What is made of a running image that comes from elsewhere than the reference says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ImageId {
    /// A note.
    Report,
    /// A finding.
    Require,
    /// Nothing.
    Ignore,
}

/// The parameters of trustedRegCheck.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    /// The name under which `trustedRegistries` was given.
    given_name: String,
    /// The entries as they were given.
    entries: Vec<String>,
    sources: Vec<TrustedSource>,
    require_digest: bool,
    image_id: ImageId,
    chart_sources: Option<chart_source::Parameters>,
    gates: Gates,
}

impl Parameters {
    pub(crate) fn take(parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let given = parameters.filled_list("trustedRegistries", AT_LEAST_ONE)?;
        let (given_name, entries) = given.ok_or_else(|| ParameterError {
            parameter: "trustedRegistries".to_owned(),
            given: "nothing".to_owned(),
            allowed: AT_LEAST_ONE.to_owned(),
        })?;
        let sources = entries.iter().map(|entry| TrustedSource::parse(&given_name, entry)).collect::<Result<_, _>>()?;
        let require_digest = parameters.boolean("requireDigest")?;
        let image_ids = [("report", ImageId::Report), ("require", ImageId::Require), ("ignore", ImageId::Ignore)];
        let image_id = parameters.one_of("imageId", &image_ids, ImageId::Report)?;
        let chart_sources = chart_source::Parameters::take(parameters)?;
        let gates = Gates::take(parameters)?;
        Ok(Self { given_name, entries, sources, require_digest, image_id, chart_sources, gates })
    }

    /// The entries as they stand on a scene.
    pub(crate) fn trusted(&self, scene: &Scene) -> Result<TrustedSources, ParameterError> {
        TrustedSources::on(&self.given_name, &self.sources, scene)
    }

    /// Whether `eks-addons` means every region on a scene.
    pub(crate) fn trusts_every_region(&self, scene: &Scene) -> bool {
        scene.region.is_none() && self.sources.contains(&TrustedSource::EksAddons)
    }

    /// Whether a reference must have a digest.
    pub(crate) const fn require_digest(&self) -> bool {
        self.require_digest
    }

    /// Whether the image that runs is judged, too.
    pub(crate) fn judges_running_image(&self) -> bool {
        self.image_id == ImageId::Require
    }

    /// Whether chart sources are judged, too.
    pub(crate) const fn judges_chart_sources(&self) -> bool {
        self.chart_sources.is_some()
    }

    /// A parameter that needs ECR, where one is set.
    pub(crate) fn registry_gate(&self) -> Option<(&'static str, &'static str)> {
        self.gates.first()
    }

    pub(crate) fn start(&self, scene: &Scene) -> Result<TrustedRegCheck, ParameterError> {
        let trusted = self.trusted(scene)?;
        let registry = self.gates.on(scene)?.then(|| RegistryMemory::new(self.gates.clone(), scene));
        Ok(TrustedRegCheck {
            trusted,
            entries: self.entries.clone(),
            every_region: self.trusts_every_region(scene),
            require_digest: self.require_digest,
            image_id: if scene.source == Source::Manifests { ImageId::Ignore } else { self.image_id },
            chart_sources: self.chart_sources.as_ref().map(|own| own.start(scene)).transpose()?,
            findings: ContainerFindings::default(),
            images: 0,
            exempted: 0,
            classes: Classes::default(),
            registry,
            nameless: 0,
            untold: 0,
            running_untrusted: 0,
            example: None,
            references: Verdicts::default(),
            running: Verdicts::default(),
        })
    }
}

/// What `trustedRegistries` must be, where it is missing.
const AT_LEAST_ONE: &str = "a comma list of at least one registry, such as ecr:self,eks-addons,docker.io/library";

/// The judgement of trustedRegCheck, under way.
pub(crate) struct TrustedRegCheck {
    trusted: TrustedSources,
    /// The entries as they were given, for advice.
    entries: Vec<String>,
    /// Whether `eks-addons` means every region.
    every_region: bool,
    require_digest: bool,
    image_id: ImageId,
    /// None where they are not looked at.
    chart_sources: Option<ChartSources>,
    findings: ContainerFindings,
    /// Images judged, over all containers and image volumes of all pods.
    images: u64,
    /// Those that would be found without an exemption.
    exempted: u64,
    /// Those found, by why.
    classes: Classes,
    /// What waits for the answers of ECR, where a parameter needs them.
    registry: Option<RegistryMemory>,
    /// Running images that name no repository.
    nameless: u64,
    /// Containers of which the status tells no running image, as of one that is not started yet.
    untold: u64,
    /// Running images of an untrusted repository that are only reported.
    running_untrusted: u64,
    /// The first of them in order, as (subject, running image).
    example: Option<(String, String)>,
    references: Verdicts<Vec<Reason>>,
    running: Verdicts<Running>,
}

/// What was said of an image before: a cluster runs few images in many pods. It is forgotten where they are many.
struct Verdicts<T>(HashMap<Box<str>, T>);

impl<T> Default for Verdicts<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Verdicts<T> {
    const MOST: usize = 2048;

    fn of(&mut self, image: &str, judge: impl FnOnce() -> T) -> T {
        if let Some(verdict) = self.0.get(image) {
            return verdict.clone();
        }
        let verdict = judge();
        if self.0.len() == Self::MOST {
            self.0.clear();
        }
        self.0.insert(image.into(), verdict.clone());
        verdict
    }
}

/// What is said of a running image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Untold,
    Nameless,
    Trusted,
    Untrusted,
}

impl Fold for TrustedRegCheck {
    fn reads(&self) -> Vec<Read> {
        let charts = self.chart_sources.iter().flat_map(|_| Kind::OF_CHARTS);
        let charts = charts.map(|kind| Read { kind, need: Need::IfReadable });
        charts.chain([Read { kind: Kind::Pod, need: Need::Required }]).collect()
    }

    fn pod(&mut self, pod: &Pod, context: &mut Context) {
        for walked in containers(pod) {
            let image = Image { kind: walked.kind, name: &walked.container.name, reference: &walked.container.image };
            self.image(pod, image, Some(walked.image_id()), context);
        }
        for (name, reference) in image_volumes(pod) {
            self.image(pod, Image { kind: ContainerKind::ImageVolume, name, reference }, None, context);
        }
    }

    fn object(&mut self, object: Object<'_>) {
        if let Some(charts) = &mut self.chart_sources {
            charts.observe(object);
        }
    }

    fn forbidden(&mut self, kind: Kind, _context: &mut Context) {
        if let Some(charts) = &mut self.chart_sources {
            charts.forbidden(kind);
        }
    }

    fn asks_registry(&self) -> bool {
        self.registry.is_some()
    }

    fn registry_questions(&self) -> Vec<RegistryQuestion> {
        self.registry.as_ref().map(RegistryMemory::questions).unwrap_or_default()
    }

    fn registry_answer(&mut self, question: RegistryQuestion, answer: RegistryAnswer) {
        if let Some(registry) = &mut self.registry {
            registry.answer(question, answer);
        }
    }

    fn finish(mut self: Box<Self>, counts: &Counts, context: &mut Context) -> Verdict {
        self.settle_all(context);
        let charts = self.chart_sources.take().map(|charts| charts.finish(context));
        self.note(context);
        let headline = self.headline(counts, charts.as_ref());
        let Self { entries, findings, .. } = *self;
        let mut findings = findings.into_findings(|finding| advice(finding, &entries));
        findings.extend(charts.into_iter().flat_map(|charts| charts.findings));
        findings.sort_by(|one, other| (&one.namespace, &one.owner).cmp(&(&other.namespace, &other.owner)));
        Verdict { findings, headline }
    }
}

/// One image of a pod, as the pod asks for it.
#[derive(Clone, Copy)]
struct Image<'a> {
    kind: ContainerKind,
    /// Name of the container or of the volume.
    name: &'a str,
    reference: &'a str,
}

impl TrustedRegCheck {
    fn image(&mut self, pod: &Pod, image: Image<'_>, image_id: Option<&str>, context: &mut Context) {
        self.images += 1;
        let (trusted, require_digest) = (&self.trusted, self.require_digest);
        let mut reasons = self.references.of(image.reference, || reasons(image.reference, trusted, require_digest));
        let judges_running =
            self.image_id != ImageId::Ignore && reasons.first().is_none_or(|first| *first == Reason::NotPinned);
        if let Some(image_id) = image_id.filter(|_| judges_running) {
            let verdict = self.running.of(image_id, || match running_image(image_id) {
                None if image_id.is_empty() => Running::Untold,
                None => Running::Nameless,
                Some(running) if trusted.trust(&running) => Running::Trusted,
                Some(_) => Running::Untrusted,
            });
            match verdict {
                Running::Untold => self.untold += 1,
                Running::Nameless => self.nameless += 1,
                Running::Trusted => {}
                Running::Untrusted if self.image_id == ImageId::Require => reasons.push(Reason::RunningImageUntrusted),
                Running::Untrusted => self.report_running(pod, image.name, image_id),
            }
        }
        if let Some(registry) = &mut self.registry
            && let Some(place) = registry.place(image.reference, image_id)
        {
            let key = ContainerKey::of(pod, image.kind, image.name, Some(image.reference));
            registry.add(place, key, reasons, context.exemptions_of(pod, image.name), &pod.metadata);
        } else if reasons.is_empty() {
            // Nothing to find, and nobody to ask.
        } else if context.exempts_container(pod, image.name) {
            self.exempted += 1;
        } else {
            self.classes.count(&reasons, 1);
            let found = Found { image: Some(image.reference), reasons: &reasons, ..Found::default() };
            self.findings.add(pod, image.kind, image.name, found);
        }
    }

    /// Finds what waited for the answers of ECR.
    fn settle_all(&mut self, context: &mut Context) {
        let users = self.registry.as_mut().map(RegistryMemory::users).unwrap_or_default();
        for (user, pods, objections) in users {
            let mut reasons = user.reasons;
            reasons.extend(objections.iter().map(|(reason, _)| *reason));
            if reasons.is_empty() {
                continue;
            }
            if context.exempts_by(&user.exemptions, pods.pods) {
                self.exempted += pods.pods;
                continue;
            }
            self.classes.count(&reasons, pods.pods);
            self.findings.add_all(user.key, &pods, &reasons, objections);
        }
    }

    /// Remembers a running image for a note: how many there are, and one example.
    fn report_running(&mut self, pod: &Pod, container: &str, image_id: &str) {
        let Some(running) = running_image(image_id) else { return };
        self.running_untrusted += 1;
        let owner = Owner::of(&pod.metadata);
        let subject = format!("{}/{}/{}[{container}]", pod.metadata.namespace, owner.kind, owner.name);
        let example = (subject, format!("{}/{}", running.registry(), running.repository()));
        if self.example.as_ref().is_none_or(|first| example < *first) {
            self.example = Some(example);
        }
    }

    fn note(&self, context: &mut Context) {
        if let Some((subject, running)) = &self.example {
            let number = self.running_untrusted;
            let run = if number == 1 { "runs" } else { "run" };
            context.note(format!(
                "{} {run} an untrusted image under a trusted reference: {subject} {running}",
                counted(number, "container")
            ));
        }
        if self.nameless > 0 {
            let name = if self.nameless == 1 { "names" } else { "name" };
            context.note(format!("{} {name} no repository", counted(self.nameless, "running image")));
        }
        if self.untold > 0 {
            let report = if self.untold == 1 { "reports" } else { "report" };
            context.note(format!("{} {report} no running image", counted(self.untold, "container")));
        }
        if let Some(registry) = &self.registry {
            registry.note(context);
        }
        if self.every_region {
            context.note("eks-addons of every region trusted, since no region is known".to_owned());
        }
    }

    fn headline(&self, counts: &Counts, charts: Option<&Judged>) -> String {
        let images = counted(self.images, "image");
        let charts_found = charts.map_or(0, |charts| charts.findings.len() as u64);
        let sources = charts.map(|charts| counted(charts.sources, "chart source"));
        let sources_found = sources.as_ref().filter(|_| charts_found > 0);
        let found = sources_found.map(|sources| format!("{charts_found} of {sources} not trusted"));
        let images_found = match self.classes.worded(&images) {
            Some(images) => Some(format!("{images}, in {}", counted(self.findings.len(), "subject"))),
            None if found.is_some() => None,
            None => {
                let pinned = if self.require_digest { " and pinned by digest" } else { "" };
                let pods = counted(counts.pods, "pod");
                let sources = sources.map(|sources| format!(", {sources}")).unwrap_or_default();
                let exempt = self.exempted > 0 || charts.is_some_and(|charts| charts.exempted > 0);
                let exempt = if exempt { ", or exempt" } else { "" };
                let namespaces = counted(counts.namespaces, "namespace");
                let cleared = self.registry.iter().flat_map(RegistryMemory::cleared);
                let cleared: String = cleared.map(|cleared| format!(", {cleared}")).collect();
                Some(format!("{images} of {pods} in {namespaces}{sources}: all trusted{pinned}{exempt}{cleared}"))
            }
        };
        images_found.into_iter().chain(found).collect::<Vec<_>>().join("; ")
    }
}

/// All reasons against a reference, in their order.
fn reasons(reference: &str, trusted: &TrustedSources, require_digest: bool) -> Vec<Reason> {
    let Ok(reference) = ImageReference::parse(reference) else { return vec![Reason::Unparsable] };
    [
        (Reason::Untrusted, !trusted.trust(&reference)),
        (Reason::NotPinned, require_digest && reference.digest().is_none()),
    ]
    .into_iter()
    .filter_map(|(reason, found)| found.then_some(reason))
    .collect()
}

/// The repository that a running image comes from, as the container runtime names it (`imageID`): containerd and CRI-O
/// `HOST/PATH@DIGEST`, Docker `docker-pullable://HOST/PATH@DIGEST`. None where it is only a digest or an id, with or
/// without `docker://`, as for images that were built or loaded on the node.
fn running_image(image_id: &str) -> Option<ImageReference<'_>> {
    let name = image_id.split_once("://").map_or(image_id, |(_, name)| name);
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest =
        |(algorithm, digits): (&str, &str)| !algorithm.contains(['/', '@']) && digits.len() >= 32 && hex(digits);
    if hex(name) || name.split_once(':').is_some_and(digest) {
        return None;
    }
    ImageReference::parse(name).ok()
}
