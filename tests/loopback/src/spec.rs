//! What a world consists of, described before it is started.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::registry::RepositorySpec;

/// The account that the functions run in, unless a [`WorldSpec`] names another.
pub const OWN_ACCOUNT: &str = "111122223333";

/// A small AWS world: one region, some accounts, their clusters.
#[derive(Clone, Debug)]
pub struct WorldSpec {
    /// The region of every endpoint and ARN, e.g. `eu-west-1`.
    pub region: String,
    /// The account whose credentials [`crate::World::environment`] hands out: the functions' own.
    pub own_account: String,
    /// The accounts there are. The own account need not be among them.
    pub accounts: Vec<AccountSpec>,
    /// The most names that one ListClusters answer holds (AWS: 100; a smaller `maxResults` wins).
    pub list_clusters_page: usize,
    /// The most results that one GetComplianceDetailsByConfigRule answer holds (AWS: 100; a smaller `Limit` wins).
    pub compliance_details_page: usize,
    /// The most findings that one DescribeImageScanFindings answer holds (AWS: 100; a smaller `maxResults` wins).
    pub scan_findings_page: usize,
}

impl Default for WorldSpec {
    fn default() -> Self {
        Self {
            region: "eu-west-1".to_owned(),
            own_account: OWN_ACCOUNT.to_owned(),
            accounts: Vec::new(),
            list_clusters_page: 100,
            compliance_details_page: 100,
            scan_findings_page: 100,
        }
    }
}

impl WorldSpec {
    /// A world whose own account has these clusters, and nothing else.
    #[must_use]
    pub fn with_clusters(clusters: Vec<ClusterSpec>) -> Self {
        Self { accounts: vec![AccountSpec { clusters, ..AccountSpec::new(OWN_ACCOUNT) }], ..Self::default() }
    }
}

/// One AWS account.
#[derive(Clone, Debug)]
pub struct AccountSpec {
    /// Twelve digits.
    pub id: String,
    /// The clusters of the account in the world's region, in the order ListClusters gives them.
    pub clusters: Vec<ClusterSpec>,
    /// The roles that may be assumed in this account; any other is AccessDenied.
    pub roles: Vec<RoleSpec>,
    /// The Systems Manager parameters of the account.
    pub parameters: Vec<ParameterSpec>,
    /// The repositories of the account's registries, in every region.
    pub repositories: Vec<RepositorySpec>,
}

impl AccountSpec {
    /// An account without clusters and without roles.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            clusters: Vec::new(),
            roles: Vec::new(),
            parameters: Vec::new(),
            repositories: Vec::new(),
        }
    }
}

/// A role that may be assumed by anyone in this world.
#[derive(Clone, Debug)]
pub struct RoleSpec {
    /// The role's name without its path.
    pub name: String,
    /// Where set, AssumeRole is denied unless it carries exactly this external id.
    pub external_id: Option<String>,
}

impl RoleSpec {
    /// A role whose trust policy asks for no external id.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), external_id: None }
    }
}

/// A Systems Manager parameter, for GetParameter.
#[derive(Clone, Debug)]
pub struct ParameterSpec {
    /// The name, with its leading slash where it has one.
    pub name: String,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    /// The value.
    pub value: String,
}

/// Where the endpoint that DescribeCluster hands out leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// A TLS Kubernetes API, signed by the certificate authority that EKS hands out.
    Reachable,
    /// A port on which nothing listens: the connection is refused at once.
    Unreachable,
    /// A port that takes connections and never says a word, so that only a timeout of the client helps.
    Silent,
    /// A TLS Kubernetes API whose certificate is signed by another authority than the one EKS hands out.
    WrongCa,
    /// A TLS Kubernetes API whose certificate is for another host.
    WrongHost,
    /// A TLS Kubernetes API that has HTTP/2 and nothing else to offer to whoever asks by ALPN.
    Http2Alone,
}

/// One EKS cluster and what is in it.
#[derive(Clone, Debug)]
pub struct ClusterSpec {
    /// The cluster's name, which is its resource id in AWS Config.
    pub name: String,
    /// DescribeCluster's `status`: `ACTIVE`, `UPDATING`, `CREATING`, `PENDING`, `DELETING` or `FAILED`.
    pub status: String,
    /// The Kubernetes version, e.g. `1.33`.
    pub version: String,
    /// Where the endpoint leads to.
    pub endpoint: EndpointKind,
    /// Whole Kubernetes objects with `apiVersion` and `kind`. Their kinds are served, custom ones too.
    pub objects: Vec<Value>,
    /// Kinds that are served although no object of them is there: the CRDs installed and unused.
    pub served: Vec<ResourceKind>,
    /// How many pods are made up while they are listed, after those among `objects`. They cost no memory.
    pub generated_pods: usize,
    /// What the made up pods look like.
    pub generated_profile: PodProfile,
    /// Whether the API server answers in JSON whatever is accepted, as behind older proxies. Otherwise every object of a built-in kind
    /// must have the form of one: what protobuf has no place for keeps the world from starting.
    pub json_only: bool,
    /// Whether lists are gzip'd for those who accept that, each page once and the same bytes from then on.
    pub compressed: bool,
    /// How long the server takes for a page of a list before the first byte of it.
    pub page_delay: Duration,
    /// Whether the cluster was registered through the EKS Connector: it has `connectorConfig` and no endpoint.
    pub connector: bool,
    /// Resources (`pods`) and paths (`/apis`) that are answered 403 whoever asks, as RBAC does. `secrets` always is.
    pub denied: Vec<String>,
    /// Names of the roles that have an access entry; `None` admits every caller of the cluster's account.
    pub access_entries: Option<Vec<String>>,
    /// The EKS add-ons, for DescribeAddon.
    pub addons: Vec<AddonSpec>,
    /// Merged over DescribeCluster's `cluster` object, key by key.
    pub describe_overrides: Value,
    /// Listed by ListClusters, but unknown to DescribeCluster: deleted in between.
    pub vanished: bool,
}

impl ClusterSpec {
    /// An ACTIVE and reachable cluster with these objects.
    #[must_use]
    pub fn new(name: &str, objects: Vec<Value>) -> Self {
        Self {
            name: name.to_owned(),
            status: "ACTIVE".to_owned(),
            version: "1.33".to_owned(),
            endpoint: EndpointKind::Reachable,
            objects,
            served: Vec::new(),
            generated_pods: 0,
            generated_profile: PodProfile::Clean,
            json_only: false,
            compressed: false,
            page_delay: Duration::ZERO,
            connector: false,
            denied: Vec::new(),
            access_entries: None,
            addons: Vec::new(),
            describe_overrides: Value::Null,
            vanished: false,
        }
    }
}

/// An EKS add-on as DescribeAddon shows it.
#[derive(Clone, Debug)]
pub struct AddonSpec {
    /// E.g. `vpc-cni`.
    pub name: String,
    /// E.g. `v1.19.0-eksbuild.1`.
    pub version: String,
    /// The add-on's configuration, a JSON document inside a string.
    pub configuration_values: Option<String>,
}

/// A kind of Kubernetes objects, as API discovery names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version, e.g. `v1`.
    pub version: String,
    /// The plural in the URL, e.g. `networkpolicies`.
    pub plural: String,
    /// The kind, e.g. `NetworkPolicy`.
    pub kind: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl ResourceKind {
    /// A kind whose plural is made from it the way Kubernetes guesses it (`meta.UnsafeGuessKindToResource`).
    #[must_use]
    pub fn new(group: &str, version: &str, kind: &str, namespaced: bool) -> Self {
        let lower = kind.to_ascii_lowercase();
        let plural = match lower.as_str() {
            "endpoints" => lower,
            _ if lower.ends_with('s') => format!("{lower}es"),
            _ if lower.ends_with('y') => format!("{}ies", &lower[..lower.len() - 1]),
            _ => format!("{lower}s"),
        };
        Self { group: group.to_owned(), version: version.to_owned(), plural, kind: kind.to_owned(), namespaced }
    }

    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Changes the pod template of one generated Deployment, given its number.
pub type PodTweak = Arc<dyn Fn(usize, &mut Value) + Send + Sync>;

/// What generated pods look like.
#[derive(Clone)]
pub enum PodProfile {
    /// Every container has `allowPrivilegeEscalation: false`, images come from Amazon ECR.
    Clean,
    /// Each Deployment breaks something: an unset securityContext, `privileged`, an added capability, a foreign registry, in turn.
    Violating,
    /// A clean pod, changed by a function of the Deployment's number. It sees one whole Pod object for each Deployment.
    Custom(PodTweak),
}

impl fmt::Debug for PodProfile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Clean => "Clean",
            Self::Violating => "Violating",
            Self::Custom(_) => "Custom",
        })
    }
}
