use std::collections::BTreeMap;
use std::fmt;

/// A repository of Elastic Container Registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EcrRepository {
    /// The account that owns the registry.
    pub account: String,
    /// The registry's region.
    pub region: String,
    /// The repository's name.
    pub name: String,
}

impl fmt::Display for EcrRepository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of account {} in {}", self.name, self.account, self.region)
    }
}

/// What an image of a repository is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageName {
    /// Its digest, with the algorithm.
    Digest(String),
    /// A tag, where no digest is known.
    Tag(String),
}

/// What a judgement asks of ECR once it has observed every object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegistryQuestion {
    /// How a repository is set up. Answered by [`RegistryAnswer::Settings`].
    Settings(EcrRepository),
    /// What the scan of an image says. Answered by [`RegistryAnswer::Scans`].
    Scan(EcrRepository, ImageName),
}

/// What ECR says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryAnswer {
    /// The repository is not there.
    NoRepository,
    /// How the repository is set up.
    Settings(RepositorySettings),
    /// What is said of the image; where it is an index, of each of its images for Linux.
    Scans(Vec<ImageScan>),
}

/// How a repository is set up, in ECR's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositorySettings {
    /// `imageTagMutability`.
    pub tag_mutability: String,
    /// `imageTagMutabilityExclusionFilters`: type and pattern.
    pub exclusion_filters: Vec<(String, String)>,
    /// `encryptionConfiguration.encryptionType`.
    pub encryption: String,
}

/// What the scan of one image says, in ECR's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageScan {
    /// The status of the scan, or the name of the exception that stands in its place; empty where ECR says neither.
    pub status: String,
    /// Findings by severity, where ECR gives any numbers.
    pub counts: Option<BTreeMap<String, u64>>,
}

impl ImageScan {
    /// An image of which there is this word in the place of a scan.
    #[must_use]
    pub fn without(status: impl Into<String>) -> Self {
        Self { status: status.into(), counts: None }
    }
}
