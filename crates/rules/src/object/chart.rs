use serde::Deserialize;
use serde_json::Value;

use super::{Metadata, null_as_default};

/// A source.toolkit.fluxcd.io `HelmRepository`, `OCIRepository` or `GitRepository`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct FluxSource {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// Where it is.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: FluxSourceSpec,
}

/// `spec` of a source of Flux.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct FluxSourceSpec {
    /// The URL.
    #[serde(deserialize_with = "null_as_default")]
    pub url: String,
}

/// A helm.toolkit.fluxcd.io `HelmRelease`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct HelmRelease {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// Where its chart comes from.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: HelmReleaseSpec,
}

/// `spec` of a release: one of the two says where its chart comes from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmReleaseSpec {
    /// A template of a `HelmChart`.
    #[serde(deserialize_with = "null_as_default")]
    pub chart: HelmChartTemplate,
    /// An `OCIRepository` or a `HelmChart`.
    #[serde(deserialize_with = "null_as_default")]
    pub chart_ref: SourceReference,
}

/// `spec.chart` of a release.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct HelmChartTemplate {
    /// The spec of the `HelmChart`.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: HelmChartSpec,
}

/// A source.toolkit.fluxcd.io `HelmChart`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct HelmChart {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// Where it comes from.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: HelmChartSpec,
}

/// `spec` of a chart of Flux.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmChartSpec {
    /// The source that has the chart.
    #[serde(deserialize_with = "null_as_default")]
    pub source_ref: SourceReference,
}

/// A reference to a source of Flux.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct SourceReference {
    /// Its kind; empty where there is no reference.
    #[serde(deserialize_with = "null_as_default")]
    pub kind: String,
    /// Its name.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its namespace; empty where it is that of the object that refers to it.
    #[serde(deserialize_with = "null_as_default")]
    pub namespace: String,
}

/// An argoproj.io `Application`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ArgoApplication {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// Where it comes from.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: ArgoApplicationSpec,
}

/// `spec` of an application.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ArgoApplicationSpec {
    /// Its only source.
    pub source: Option<ArgoSource>,
    /// Several sources.
    #[serde(deserialize_with = "null_as_default")]
    pub sources: Vec<ArgoSource>,
}

/// A source of an application.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ArgoSource {
    /// The URL of a Helm repository, an OCI registry or a git repository.
    #[serde(rename = "repoURL", deserialize_with = "null_as_default")]
    pub repo_url: String,
    /// The name of the chart; empty where it is no chart.
    #[serde(deserialize_with = "null_as_default")]
    pub chart: String,
}

/// An argoproj.io `ApplicationSet`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct ArgoApplicationSet {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// What it makes applications of.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: ArgoApplicationSetSpec,
}

/// `spec` of a set of applications.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ArgoApplicationSetSpec {
    /// What fills in the template; a generator may have a `template` of its own, which is laid over the other.
    #[serde(deserialize_with = "null_as_default")]
    pub generators: Vec<Value>,
    /// The template of its applications.
    #[serde(deserialize_with = "null_as_default")]
    pub template: ArgoApplicationTemplate,
    /// YAML that is laid over each application, itself a template.
    #[serde(deserialize_with = "null_as_default")]
    pub template_patch: String,
}

/// `spec.template` of a set of applications.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ArgoApplicationTemplate {
    /// The spec of an application.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: ArgoApplicationSpec,
}
