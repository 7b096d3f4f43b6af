//! The words of trustedRegCheck: what an image counts as, and what to do about it.

use crate::finding::{Finding, Reason};
use crate::image::ImageReference;

/// What an image counts as in the headline: by the first of these in which it has a reason.
const CLASSES: [(&[Reason], &str); 6] = [
    (&[Reason::Untrusted, Reason::Unparsable, Reason::RunningImageUntrusted], "not trusted"),
    (&[Reason::NotPinned], "not pinned by digest"),
    (&[Reason::ScanFindings], "with scan findings"),
    (&[Reason::NotScanned], "not scanned"),
    (&[Reason::MutableTags], "under a tag that can be moved"),
    (&[Reason::NotKmsEncrypted], "not encrypted with KMS"),
];

/// How many images count as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes([u64; CLASSES.len()]);

impl Classes {
    /// Counts images with these reasons.
    pub(super) fn count(&mut self, reasons: &[Reason], images: u64) {
        let of = |(class, _): &(&[Reason], &str)| class.iter().any(|reason| reasons.contains(reason));
        if let Some(number) = CLASSES.iter().position(of).and_then(|class| self.0.get_mut(class)) {
            *number += images;
        }
    }

    /// `2 of 9 images not trusted, 1 more not pinned by digest`; none where nothing was counted.
    pub(super) fn worded(&self, images: &str) -> Option<String> {
        let mut parts = Vec::new();
        for (number, (_, words)) in self.0.iter().zip(CLASSES).filter(|(number, _)| **number > 0) {
            parts.push(if parts.is_empty() {
                format!("{number} of {images} {words}")
            } else {
                format!("{number} more {words}")
            });
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// What to do about a finding.
pub(super) fn advice(finding: &Finding, entries: &[String]) -> String {
    let image = finding.image.as_deref().unwrap_or_default();
    let parsed = ImageReference::parse(image);
    let repository = parsed.map(|parsed| format!("{}/{}", parsed.registry(), parsed.repository()));
    let mut sentences = Vec::new();
    for reason in &finding.reasons {
        sentences.push(match (reason, &repository) {
            (Reason::Unparsable, Err(cause)) => {
                format!("Correct the image reference, HOST/PATH[:TAG][@DIGEST]: {cause}.")
            }
            (Reason::Untrusted, Ok(repository)) => format!(
                "Mirror {repository} to a trusted registry ({}) and take it from there, or add {repository} to \
                 trustedRegistries.",
                listed(entries)
            ),
            (Reason::NotPinned, _) => {
                format!("Pin the image by digest: {image}@sha256:…, with the digest that `crane digest {image}` tells.")
            }
            (Reason::RunningImageUntrusted, _) => "Look up where the running image comes from (imageID in the pod's \
                                                   status), remove it from the node and start the pod anew."
                .to_owned(),
            (Reason::ScanFindings, _) => format!(
                "Rebuild the image without what its scan found and roll it out: {}.",
                said(finding, Reason::ScanFindings)
            ),
            (Reason::NotScanned, _) => format!(
                "Let ECR scan the image (scan on push, or Inspector), in an account that is asked: {}.",
                said(finding, Reason::NotScanned)
            ),
            (Reason::MutableTags, _) => format!(
                "Make the tags immutable (aws ecr put-image-tag-mutability), or pin the image by digest: {}.",
                said(finding, Reason::MutableTags)
            ),
            (Reason::NotKmsEncrypted, _) => format!(
                "Move the image to a new repository of encryption type KMS, since that cannot be changed: {}.",
                said(finding, Reason::NotKmsEncrypted)
            ),
            _ => continue,
        });
    }
    if finding.mirror == Some(true) {
        sentences.push("It is a static pod: change its manifest on its node.".to_owned());
    }
    sentences.join(" ")
}

/// The first items of a list, for advice.
pub(super) fn listed(items: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = items.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

/// What the registry says for a reason, the first few of it.
fn said(finding: &Finding, reason: Reason) -> String {
    let all: Vec<String> =
        finding.registry.iter().filter(|(of, _)| *of == reason).map(|(_, words)| words.clone()).collect();
    listed(&all)
}
