//! What is remembered of the images in use until ECR has answered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::gates::Gates;
use super::running_image;
use super::scan::{Scanned, scanned};
use super::settings::{encrypted_with_kms, movable};
use crate::finding::{ContainerKey, PodTally, Reason};
use crate::image::{EcrRegistry, ImageReference};
use crate::registry::{EcrRepository, ImageName, RegistryAnswer, RegistryQuestion};
use crate::rule::{Context, Scene, counted};

/// The images in use and who uses them. It grows with distinct images and workloads, never with pods.
pub(super) struct RegistryMemory {
    gates: Gates,
    scene: Scene,
    images: Vec<ImageInUse>,
    /// The place in `images`, by reference and `imageID`; an image volume has none.
    places: HashMap<(Box<str>, Option<Box<str>>), usize>,
    users: BTreeMap<User, PodTally>,
    answers: HashMap<RegistryQuestion, RegistryAnswer>,
}

/// Pods of one owner whose container runs one image, with what else there is to say of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct User {
    /// The subject.
    pub(super) key: ContainerKey,
    /// The reasons that need no registry.
    pub(super) reasons: Vec<Reason>,
    /// The exemptions that hold for the pods.
    pub(super) exemptions: Vec<usize>,
    /// The image's place.
    image: usize,
}

/// What the registry says against an image: the reasons, each with words for the advice.
pub(super) type Objections = BTreeSet<(Reason, String)>;

/// An image in use.
struct ImageInUse {
    /// The image that runs; as it is referred to where it is not known what runs.
    name: String,
    /// The repository of the image that runs.
    repository: Place,
    /// What that repository knows the image by; none while that is not known.
    known_by: Option<ImageName>,
    /// The repository that is referred to.
    referred: Place,
    /// The tag that is referred to, which may be moved; none under a digest.
    tag: Option<String>,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In ECR, in an account that is asked.
    InScope(EcrRepository),
    /// In ECR, in another account.
    OtherAccount(String),
    /// In no private registry of ECR.
    Elsewhere(String),
}

impl Place {
    fn of(reference: &ImageReference<'_>, gates: &Gates, scene: &Scene) -> Self {
        let (host, name) = (reference.registry(), reference.repository());
        match EcrRegistry::of_host(&host) {
            Some(ecr) if gates.include(ecr.account(), scene) => Self::InScope(EcrRepository {
                account: ecr.account().to_owned(),
                region: ecr.region().to_ascii_lowercase(),
                name: name.into_owned(),
            }),
            Some(_) => Self::OtherAccount(format!("{host}/{name}")),
            None => Self::Elsewhere(format!("{host}/{name}")),
        }
    }
}

impl ImageInUse {
    /// None where the reference is none.
    fn read(reference: &str, image_id: Option<&str>, gates: &Gates, scene: &Scene) -> Option<Self> {
        let reference = ImageReference::parse(reference).ok()?;
        let running = image_id.and_then(running_image).filter(|running| running.digest().is_some());
        let used = running.unwrap_or(reference);
        let tag = reference.tag().unwrap_or("latest");
        let known_by = match used.digest() {
            Some(digest) => Some(ImageName::Digest(digest.to_owned())),
            // What a container that does not run yet will run is not known; of an image volume nothing else ever is.
            None if image_id.is_none() => Some(ImageName::Tag(tag.to_owned())),
            None => None,
        };
        let name = match &known_by {
            Some(ImageName::Digest(digest)) => format!("{}/{}@{digest}", used.registry(), used.repository()),
            _ => format!("{}/{}:{tag}", used.registry(), used.repository()),
        };
        Some(Self {
            name,
            repository: Place::of(&used, gates, scene),
            known_by,
            referred: Place::of(&reference, gates, scene),
            tag: reference.digest().is_none().then(|| tag.to_owned()),
        })
    }

    fn scan_question(&self) -> Option<RegistryQuestion> {
        match (&self.repository, &self.known_by) {
            (Place::InScope(repository), Some(name)) => Some(RegistryQuestion::Scan(repository.clone(), name.clone())),
            _ => None,
        }
    }

    fn settings_question(&self) -> Option<RegistryQuestion> {
        match &self.referred {
            Place::InScope(repository) => Some(RegistryQuestion::Settings(repository.clone())),
            _ => None,
        }
    }
}

impl RegistryMemory {
    pub(super) fn new(gates: Gates, scene: &Scene) -> Self {
        Self {
            gates,
            scene: scene.clone(),
            images: Vec::new(),
            places: HashMap::new(),
            users: BTreeMap::new(),
            answers: HashMap::new(),
        }
    }

    /// The place of an image; none where the reference is none, of which nobody can be asked.
    pub(super) fn place(&mut self, reference: &str, image_id: Option<&str>) -> Option<usize> {
        let name = (Box::from(reference), image_id.map(Box::from));
        if let Some(place) = self.places.get(&name) {
            return Some(*place);
        }
        let image = ImageInUse::read(reference, image_id, &self.gates, &self.scene)?;
        self.images.push(image);
        let place = self.images.len() - 1;
        self.places.insert(name, place);
        Some(place)
    }

    /// Remembers that a pod uses an image.
    pub(super) fn add(
        &mut self,
        place: usize,
        key: ContainerKey,
        reasons: Vec<Reason>,
        exemptions: Vec<usize>,
        pod: &crate::object::Metadata,
    ) {
        self.users.entry(User { key, reasons, exemptions, image: place }).or_default().add(pod);
    }

    /// What ECR must be asked, each once.
    pub(super) fn questions(&self) -> Vec<RegistryQuestion> {
        let scans = self.images.iter().filter(|_| self.gates.scans()).filter_map(ImageInUse::scan_question);
        let settings = self.images.iter().filter(|_| self.gates.settings()).filter_map(ImageInUse::settings_question);
        scans.chain(settings).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Remembers an answer.
    pub(super) fn answer(&mut self, question: RegistryQuestion, answer: RegistryAnswer) {
        self.answers.insert(question, answer);
    }

    /// Those who use images, and what the registry says against the image of each.
    pub(super) fn users(&mut self) -> Vec<(User, PodTally, Objections)> {
        let objections: Vec<Objections> = self.images.iter().map(|image| self.objections(image)).collect();
        let users = std::mem::take(&mut self.users).into_iter();
        users
            .map(|(user, tally)| {
                let found = objections.get(user.image).cloned().unwrap_or_default();
                (user, tally, found)
            })
            .collect()
    }

    /// Whether nothing is known of an image's scan, and why.
    fn scanned(&self, image: &ImageInUse) -> Scanned {
        match (image.scan_question(), &image.repository) {
            (Some(question), _) => scanned(self.answers.get(&question), self.gates.fail_on),
            (None, Place::InScope(_)) => Scanned::Without(NO_DIGEST.to_owned()),
            (None, Place::OtherAccount(_)) => Scanned::Without(OTHER_ACCOUNT.to_owned()),
            (None, Place::Elsewhere(_)) => Scanned::Without(ELSEWHERE.to_owned()),
        }
    }

    fn objections(&self, image: &ImageInUse) -> Objections {
        let mut found = Objections::new();
        if self.gates.scans() {
            match self.scanned(image) {
                Scanned::Findings(words) => {
                    found.insert((Reason::ScanFindings, format!("{} has {words}", image.name)));
                }
                Scanned::Without(why) if self.gates.fail_unscanned => {
                    found.insert((Reason::NotScanned, format!("{}: {why}", image.name)));
                }
                Scanned::Without(_) | Scanned::Clean => {}
            }
        }
        let Place::InScope(repository) = &image.referred else { return found };
        let Some(RegistryAnswer::Settings(settings)) =
            image.settings_question().and_then(|question| self.answers.get(&question))
        else {
            return found;
        };
        if let Some(tag) = image.tag.as_ref().filter(|tag| self.gates.immutable_tags && movable(settings, tag)) {
            found.insert((Reason::MutableTags, format!("tag {tag} of repository {repository}")));
        }
        if self.gates.kms_encryption && !encrypted_with_kms(settings) {
            found.insert((Reason::NotKmsEncrypted, format!("repository {repository}")));
        }
        found
    }

    /// What was looked at and found in order, for the headline of a cluster without findings.
    pub(super) fn cleared(&self) -> Vec<String> {
        let mut words = Vec::new();
        let clean: BTreeSet<&String> = self
            .images
            .iter()
            .filter(|image| self.gates.scans() && self.scanned(image) == Scanned::Clean)
            .map(|image| &image.name)
            .collect();
        let scanned = counted(clean.len() as u64, "scanned image");
        match self.gates.fail_on {
            Some(severity) => words.push(format!("nothing at or above {} in {scanned}", severity.name())),
            None if self.gates.fail_unscanned => words.push(scanned),
            None => {}
        }
        let known =
            |question: &RegistryQuestion| matches!(self.answers.get(question), Some(RegistryAnswer::Settings(_)));
        let settings: BTreeSet<_> =
            self.images.iter().filter_map(ImageInUse::settings_question).filter(known).collect();
        let repositories = repositories(settings.len(), "ECR ");
        match (self.gates.immutable_tags, self.gates.kms_encryption) {
            (true, true) => words.push(format!("tags in use immutable and KMS in {repositories}")),
            (true, false) => words.push(format!("tags in use immutable in {repositories}")),
            (false, true) => words.push(format!("KMS in {repositories}")),
            (false, false) => {}
        }
        words
    }

    /// Says of how many images and repositories nothing is known, and why.
    pub(super) fn note(&self, context: &mut Context) {
        if self.gates.scans() && !self.gates.fail_unscanned {
            let mut reasons: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
            for image in &self.images {
                if let Scanned::Without(why) = self.scanned(image) {
                    reasons.entry(why).or_default().insert(&image.name);
                }
            }
            if let Some(told) = told(&reasons) {
                let number = reasons.values().map(BTreeSet::len).sum::<usize>();
                context.note(format!("{} without scan result ({told})", counted(number as u64, "image")));
            }
        }
        if self.gates.settings() {
            let mut reasons: BTreeMap<String, BTreeSet<&Place>> = BTreeMap::new();
            for image in &self.images {
                if let Some(why) = self.settings_unknown(image) {
                    reasons.entry(why.to_owned()).or_default().insert(&image.referred);
                }
            }
            if let Some(told) = told(&reasons) {
                let number = reasons.values().map(BTreeSet::len).sum();
                context.note(format!("settings of {} not known ({told})", repositories(number, "")));
            }
        }
    }

    /// Why nothing is known of the settings of an image's repository.
    fn settings_unknown(&self, image: &ImageInUse) -> Option<&'static str> {
        match &image.referred {
            Place::OtherAccount(_) => Some(OTHER_ACCOUNT),
            Place::Elsewhere(_) => Some(ELSEWHERE),
            Place::InScope(_) => {
                let answer = image.settings_question().and_then(|question| self.answers.get(&question));
                (!matches!(answer, Some(RegistryAnswer::Settings(_)))).then_some("RepositoryNotFoundException")
            }
        }
    }
}

/// Why nothing is known of an image that does not run yet.
const NO_DIGEST: &str = "digest not known yet";

/// Why nothing is known of an image in ECR that nobody may be asked about.
const OTHER_ACCOUNT: &str = "account not in scanAccounts";

/// Why nothing is known of an image of Docker Hub, public.ecr.aws and the like.
const ELSEWHERE: &str = "outside ECR";

/// `1 repository`, `2 ECR repositories`.
fn repositories(number: usize, kind: &str) -> String {
    format!("{number} {kind}{}", if number == 1 { "repository" } else { "repositories" })
}

/// How many there are for each reason: `2 outside ECR, 1 FAILED`; none where there are none.
fn told<T>(reasons: &BTreeMap<String, BTreeSet<T>>) -> Option<String> {
    let parts: Vec<String> = reasons.iter().map(|(why, which)| format!("{} {why}", which.len())).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
