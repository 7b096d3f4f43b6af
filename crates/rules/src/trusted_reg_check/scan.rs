//! What the scan of an image means.

use std::collections::BTreeMap;

use crate::registry::{ImageScan, RegistryAnswer};

/// How bad a scan finding is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Undefined,
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Every severity under its name, worst first, as ECR writes it.
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("CRITICAL", Self::Critical),
        ("HIGH", Self::High),
        ("MEDIUM", Self::Medium),
        ("LOW", Self::Low),
        ("INFORMATIONAL", Self::Informational),
        ("UNDEFINED", Self::Undefined),
    ];

    /// The name, as ECR writes it.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, severity)| *severity == self).map_or("", |(name, _)| name)
    }

    /// The severity that ECR or Inspector names. One that is not known could be any, so that it counts as the worst.
    fn read(name: &str) -> Self {
        match name {
            "UNTRIAGED" => Self::Undefined,
            name => Self::NAMES.iter().find(|(known, _)| *known == name).map_or(Self::Critical, |(_, found)| *found),
        }
    }
}

/// What a scan says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Findings at or above the severity, in words: `2 CRITICAL, 5 HIGH`.
    Findings(String),
    /// A result, and nothing in it that counts.
    Clean,
    /// No result, and ECR's word for why.
    Without(String),
}

/// What the answer means under a severity. An index is as bad as the worst of its images, and without a result where
/// one of them is.
pub(super) fn scanned(answer: Option<&RegistryAnswer>, severity: Option<Severity>) -> Scanned {
    let scans = match answer {
        Some(RegistryAnswer::Scans(scans)) => scans.as_slice(),
        Some(RegistryAnswer::NoRepository) => return Scanned::Without("RepositoryNotFoundException".to_owned()),
        Some(RegistryAnswer::Settings(_)) | None => return Scanned::Without("not asked".to_owned()),
    };
    let worst = scans.iter().filter_map(|scan| counting(scan, severity)).max();
    if let Some(worst) = worst {
        return Scanned::Findings(worded(&worst));
    }
    if scans.is_empty() {
        return Scanned::Without("an index without images for Linux".to_owned());
    }
    let without = scans.iter().find(|scan| !complete(scan));
    without.map_or(Scanned::Clean, |scan| Scanned::Without(reason(scan).to_owned()))
}

/// Whether the scan has a result that still holds, so that what is not found is not there.
fn complete(scan: &ImageScan) -> bool {
    scan.counts.is_some() && matches!(scan.status.as_str(), "COMPLETE" | "ACTIVE" | "")
}

/// Why there is no result.
fn reason(scan: &ImageScan) -> &str {
    if scan.status.is_empty() { "no status" } else { &scan.status }
}

/// The findings that count, worst severity first; none where there are none. Whatever the status, what was found once is
/// in the image.
fn counting(scan: &ImageScan, severity: Option<Severity>) -> Option<Vec<(Severity, u64, String)>> {
    let (severity, counts) = (severity?, scan.counts.as_ref()?);
    let mut found: BTreeMap<(Severity, &str), u64> = BTreeMap::new();
    for (name, count) in counts.iter().filter(|(_, count)| **count > 0) {
        if Severity::read(name) >= severity {
            *found.entry((Severity::read(name), name)).or_default() += count;
        }
    }
    let found: Vec<_> =
        found.into_iter().rev().map(|((severity, name), count)| (severity, count, name.to_owned())).collect();
    (!found.is_empty()).then_some(found)
}

fn worded(found: &[(Severity, u64, String)]) -> String {
    found.iter().map(|(_, count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
