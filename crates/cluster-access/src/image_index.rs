//! Image indexes: one name for an image on several platforms.

use serde::Deserialize;

/// The media types of manifests that an index or an image may have.
pub(crate) const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Whether a media type is that of an index.
pub(crate) fn is_index(media_type: &str) -> bool {
    MEDIA_TYPES[..2].contains(&media_type)
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: Option<String>,
}

/// The digests of the images for Linux in an index. One that names no platform may be for Linux; attestations are of
/// platform `unknown`.
///
/// # Errors
/// A manifest that is none of an index.
pub(crate) fn linux_images(manifest: &str) -> Result<Vec<String>, serde_json::Error> {
    let index: Index = serde_json::from_str(manifest)?;
    let linux = |descriptor: &Descriptor| {
        let os = descriptor.platform.as_ref().and_then(|platform| platform.os.as_deref());
        os.is_none_or(|os| os == "linux")
    };
    Ok(index.manifests.into_iter().filter(linux).map(|descriptor| descriptor.digest).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn attestations_and_windows_are_no_linux_images() {
        let manifest = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
            {"digest": "sha256:a", "size": 1, "platform": {"architecture": "amd64", "os": "linux"}},
            {"digest": "sha256:b", "size": 1, "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}},
            {"digest": "sha256:c", "size": 1, "platform": {"architecture": "unknown", "os": "unknown"},
             "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
            {"digest": "sha256:d", "size": 1, "platform": {"architecture": "amd64", "os": "windows", "os.version": "10"}},
            {"digest": "sha256:e", "size": 1}
        ]}"#;
        assert_eq!(linux_images(manifest).unwrap(), ["sha256:a", "sha256:b", "sha256:e"]);
    }

    #[test]
    fn what_is_no_index_is_an_error_and_not_an_empty_one() {
        assert!(linux_images("").is_err());
        assert!(linux_images(r#"{"schemaVersion": 2, "layers": []}"#).is_err());
    }
}
