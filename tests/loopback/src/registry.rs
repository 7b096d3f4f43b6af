//! What the private registries of a world hold.

use std::collections::BTreeMap;

/// A repository of Elastic Container Registry.
#[derive(Clone, Debug)]
pub struct RepositorySpec {
    /// The name, e.g. `team/app`.
    pub name: String,
    /// The registry's region.
    pub region: String,
    /// `MUTABLE`, `IMMUTABLE`, `IMMUTABLE_WITH_EXCLUSION` or `MUTABLE_WITH_EXCLUSION`.
    pub tag_mutability: String,
    /// Patterns of the exclusion filters, all of type `WILDCARD`.
    pub exclusion_filters: Vec<String>,
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption: String,
    /// The images.
    pub images: Vec<ImageSpec>,
    /// Other accounts that the repository's policy lets read.
    pub readers: Vec<String>,
}

impl RepositorySpec {
    /// A repository as ECR makes one, with these images.
    #[must_use]
    pub fn new(region: &str, name: &str, images: Vec<ImageSpec>) -> Self {
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            tag_mutability: "MUTABLE".to_owned(),
            exclusion_filters: Vec::new(),
            encryption: "AES256".to_owned(),
            images,
            readers: Vec::new(),
        }
    }
}

/// An image, or an index of images.
#[derive(Clone, Debug)]
pub struct ImageSpec {
    /// The digest of the manifest.
    pub digest: String,
    /// The tags.
    pub tags: Vec<String>,
    /// Of an index: the digest and operating system of each manifest in it.
    pub index: Option<Vec<(String, String)>>,
    /// The scan; none where nothing ever scanned the image.
    pub scan: Option<ScanSpec>,
}

impl ImageSpec {
    /// An image with this scan and no tag.
    #[must_use]
    pub fn new(digest: &str, scan: Option<ScanSpec>) -> Self {
        Self { digest: digest.to_owned(), tags: Vec::new(), index: None, scan }
    }

    /// An index of manifests, which ECR does not scan.
    #[must_use]
    pub fn index(digest: &str, manifests: &[(&str, &str)]) -> Self {
        let manifests = manifests.iter().map(|(digest, os)| ((*digest).to_owned(), (*os).to_owned())).collect();
        Self { index: Some(manifests), ..Self::new(digest, None) }
    }

    /// The same under a tag.
    #[must_use]
    pub fn tagged(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self
    }
}

/// The scan of an image.
#[derive(Clone, Debug)]
pub struct ScanSpec {
    /// The status, e.g. `COMPLETE`.
    pub status: String,
    /// Findings by severity.
    pub findings: BTreeMap<String, usize>,
    /// Whether DescribeImages gives a summary: older basic scanning and Inspector do, newer basic scanning does not.
    pub in_summary: bool,
    /// Whether DescribeImageScanFindings gives numbers besides the findings.
    pub counted: bool,
    /// Whether Inspector found them.
    pub enhanced: bool,
}

impl ScanSpec {
    /// A scan of this status with these findings, of which DescribeImages gives a summary.
    #[must_use]
    pub fn new(status: &str, findings: &[(&str, usize)]) -> Self {
        Self {
            status: status.to_owned(),
            findings: findings.iter().map(|(severity, number)| ((*severity).to_owned(), *number)).collect(),
            in_summary: true,
            counted: true,
            enhanced: false,
        }
    }
}
