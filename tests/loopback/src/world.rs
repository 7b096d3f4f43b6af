//! The running world.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

use crate::certificate::{Authority, PROTOCOLS};
use crate::fault::Fault;
use crate::function::{Function, Invocation, InvokeOptions};
use crate::kubernetes::Pages;
use crate::kubernetes::cluster::{RunningCluster, Store};
use crate::kubernetes::protobuf::EncodeError;
use crate::ledger::{AwsRequest, Credential, KubernetesRequest, Ledger, PutCall, Shared, StoredEvaluation};
use crate::listener::{self, Handler, Listening};
use crate::memory::{self, Hosts};
use crate::spec::{ClusterSpec, EndpointKind, WorldSpec};
use crate::{aws, kubernetes};

/// The role of the credentials that [`World::environment`] hands out.
pub const FUNCTION_ROLE: &str = "eks-config-rules-function";

/// Why the world, or a function in it, could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// A port of 127.0.0.1 could not be had.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[from] std::io::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS server could not be set up.
    #[error("cannot set up the TLS server")]
    Tls(#[from] rustls::Error),
    /// An object is none that an API server could hold.
    #[error(
        "cluster {cluster:?}: {object} has no form in protobuf; a cluster that is `json_only` serves it all the same"
    )]
    Object {
        /// The cluster's name.
        cluster: String,
        /// Kind and name of the object.
        object: String,
        /// Why.
        source: EncodeError,
    },
    /// The world has no such cluster.
    #[error("the world has no cluster named {0:?}")]
    NoSuchCluster(String),
    /// The function's binary is not there and could not be built.
    #[error("no function binary {name}: {why}")]
    NoBinary {
        /// Name of the package and its binary.
        name: String,
        /// Why.
        why: String,
    },
    /// The function's binary could not be started.
    #[error("cannot start {binary}")]
    Start {
        /// The binary's path.
        binary: String,
        /// Why.
        source: std::io::Error,
    },
    /// The function ended before it answered.
    #[error("the function ended ({status}) before it answered\n{output}")]
    Exited {
        /// The exit status in words.
        status: String,
        /// What it wrote, standard output first.
        output: String,
    },
    /// The function did not answer within [`InvokeOptions::timeout`].
    #[error("the function did not answer within {seconds} s\n{output}")]
    Timeout {
        /// The bound.
        seconds: u64,
        /// What it wrote, standard output first.
        output: String,
    },
}

/// The running world: AWS endpoints and Kubernetes APIs on 127.0.0.1. It ends when it is dropped.
///
/// It runs as tasks of the tokio runtime that it was started in, so a test must not block that runtime's only thread.
pub struct World {
    shared: Arc<Shared>,
    own: Credential,
    #[expect(dead_code, reason = "held for their Drop")]
    doors: Vec<OpenDoor>,
    /// The hosts of a world that is not on sockets.
    hosts: Hosts,
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("aws", &self.shared.aws_host).finish_non_exhaustive()
    }
}

impl World {
    /// Starts everything that the specification describes.
    ///
    /// # Errors
    /// Where a port or a certificate cannot be had.
    pub async fn start(spec: WorldSpec) -> Result<Self, WorldError> {
        let (socket, address) = listener::bind().await?;
        let mut clusters = Vec::new();
        let mut doors = Vec::new();
        for account in &spec.accounts {
            for cluster in &account.clusters {
                let (door, endpoint, announced_ca) = Door::prepare(cluster).await?;
                doors.push(door);
                clusters.push(running(&account.id, cluster, endpoint, announced_ca)?);
            }
        }
        let (shared, own) = share(spec, address.to_string(), clusters);
        let doors = doors.into_iter().zip(&shared.clusters).map(|(door, cluster)| door.open(&shared, cluster));
        let mut doors: Vec<_> = doors.collect();
        doors.push(OpenDoor::Listening(listener::serve(socket, None, aws_handler(&shared))));
        Ok(Self { shared, own, doors, hosts: Hosts::default() })
    }

    /// Starts the same without a socket: its hosts are reached with [`World::connect`] alone, in memory, so that a test can
    /// pause the clock.
    ///
    /// # Errors
    /// Where a certificate cannot be had.
    pub fn in_memory(spec: WorldSpec) -> Result<Self, WorldError> {
        let mut clusters = Vec::new();
        for account in &spec.accounts {
            for cluster in &account.clusters {
                let endpoint = format!("https://{}", memory::cluster_host(&account.id, &cluster.name));
                clusters.push(running(&account.id, cluster, endpoint, memory::announced(cluster.endpoint)?)?);
            }
        }
        let (shared, own) = share(spec, memory::AWS_HOST.to_owned(), clusters);
        let mut hosts = Hosts::default();
        hosts.aws(aws_handler(&shared));
        for cluster in &shared.clusters {
            hosts.cluster(cluster, cluster_handler(&shared, cluster))?;
        }
        Ok(Self { shared, own, doors: Vec::new(), hosts })
    }

    /// A connection to a host of a world that was started [in memory](World::in_memory), from within its runtime.
    ///
    /// # Errors
    /// Where there is no such host, or where it refuses connections.
    pub fn connect(&self, host: &str) -> std::io::Result<DuplexStream> {
        self.hosts.connect(host)
    }

    /// The environment in which a function, or any other AWS client, lives in this world, with the own account's credentials.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.aws_endpoint()),
            ("AWS_REGION", self.shared.spec.region.clone()),
            ("AWS_DEFAULT_REGION", self.shared.spec.region.clone()),
            ("AWS_ACCESS_KEY_ID", self.own.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.own.secret.clone()),
            ("AWS_SESSION_TOKEN", self.own.session_token.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // An empty file: the user's own profiles must not leak into this world.
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// `http://127.0.0.1:port`, the endpoint of every AWS service.
    #[must_use]
    pub fn aws_endpoint(&self) -> String {
        format!("http://{}", self.shared.aws_host)
    }

    /// Scripts a fault, for requests from now on.
    pub fn script(&self, fault: Fault) {
        self.shared.ledger().script.add(fault);
    }

    /// The requests that the AWS endpoint received, in order. Those to a service that is not there have no operation.
    #[must_use]
    pub fn aws_requests(&self) -> Vec<AwsRequest> {
        self.shared.ledger().aws_requests.clone()
    }

    /// The requests that the Kubernetes APIs received, in order.
    #[must_use]
    pub fn kubernetes_requests(&self) -> Vec<KubernetesRequest> {
        self.shared.ledger().kubernetes_requests.clone()
    }

    /// What AWS Config holds now, sorted by rule, account, resource type and id.
    #[must_use]
    pub fn evaluations(&self) -> Vec<StoredEvaluation> {
        self.shared.ledger().evaluations.values().cloned().collect()
    }

    /// The PutEvaluations calls that were accepted, in order, test mode included.
    #[must_use]
    pub fn put_calls(&self) -> Vec<PutCall> {
        self.shared.ledger().put_calls.clone()
    }

    /// Puts a result into AWS Config as if a rule had said it earlier; its rule exists from now on.
    pub fn seed_evaluation(&self, evaluation: StoredEvaluation) {
        let mut ledger = self.shared.ledger();
        ledger.rules.insert((evaluation.rule.clone(), evaluation.account.clone()));
        ledger.store(evaluation);
    }

    /// A new result token with which `account` may put evaluations of `rule`, which exists from now on.
    #[must_use]
    pub fn issue_result_token(&self, rule: &str, account: &str) -> String {
        let number = self.shared.ledger().result_tokens.len();
        let token = STANDARD.encode(format!("loopback result token {number} for {rule} in {account}"));
        self.accept_result_token(&token, rule, account);
        token
    }

    /// Makes this very text a result token, e.g. the one in a committed event.
    pub fn accept_result_token(&self, token: &str, rule: &str, account: &str) {
        let mut ledger = self.shared.ledger();
        ledger.rules.insert((rule.to_owned(), account.to_owned()));
        ledger.result_tokens.insert(token.to_owned(), (rule.to_owned(), account.to_owned()));
    }

    /// The PEM of the certificate authority that EKS hands out for the first cluster of that name.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn certificate_authority(&self, cluster: &str) -> Result<String, WorldError> {
        Ok(self.cluster(cluster)?.announced_ca.clone())
    }

    /// The URL of the API server of the first cluster of that name.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn kubernetes_endpoint(&self, cluster: &str) -> Result<String, WorldError> {
        Ok(self.cluster(cluster)?.endpoint.clone())
    }

    /// A kubeconfig (YAML) for the first cluster of that name: one context, named like the cluster, with a static bearer token and
    /// the certificate authority inline.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn kubeconfig(&self, cluster: &str) -> Result<String, WorldError> {
        let running = self.cluster(cluster)?;
        Ok(format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {cluster}\nclusters:\n- name: {cluster}\n  cluster:\n    server: {}\n    \
             certificate-authority-data: {}\nusers:\n- name: {cluster}\n  user:\n    token: {}\ncontexts:\n- name: {cluster}\n  \
             context:\n    cluster: {cluster}\n    user: {cluster}\n",
            running.endpoint,
            STANDARD.encode(&running.announced_ca),
            running.kubeconfig_token
        ))
    }

    /// Starts a function binary, hands it one event and ends it. See [`World::function`] for several events in a row.
    ///
    /// # Errors
    /// Where the binary does not start, ends before it answers, or does not answer in time.
    pub async fn invoke(&self, binary: &Path, event: &Value, options: InvokeOptions) -> Result<Invocation, WorldError> {
        let mut function = self.function(binary, options).await?;
        let answered = function.deliver(event).await;
        let ended = function.stop().await;
        let (outcome, elapsed) = answered?;
        Ok(Invocation { outcome, elapsed, stdout: ended.stdout, stderr: ended.stderr, peak_memory: ended.peak_memory })
    }

    /// Starts a function binary in this world's environment, behind a Runtime API of its own.
    ///
    /// # Errors
    /// Where the binary does not start.
    pub async fn function(&self, binary: &Path, options: InvokeOptions) -> Result<Function, WorldError> {
        Function::start(binary, self.environment(), &self.shared.spec, options).await
    }

    fn cluster(&self, name: &str) -> Result<&RunningCluster, WorldError> {
        let found = self.shared.clusters.iter().find(|cluster| cluster.spec.name == name);
        found.map(AsRef::as_ref).ok_or_else(|| WorldError::NoSuchCluster(name.to_owned()))
    }
}

/// A cluster at work.
fn running(
    account: &str,
    spec: &ClusterSpec,
    endpoint: String,
    announced_ca: String,
) -> Result<Arc<RunningCluster>, WorldError> {
    Ok(Arc::new(RunningCluster {
        account: account.to_owned(),
        endpoint,
        announced_ca,
        kubeconfig_token: format!("loopback-kubeconfig-{account}-{}", spec.name),
        store: Arc::new(Store::new(spec)?),
        pages: Pages::default(),
        spec: ClusterSpec { objects: Vec::new(), ..spec.clone() },
    }))
}

/// What the listeners share, and the credentials of the own account.
fn share(spec: WorldSpec, aws_host: String, clusters: Vec<Arc<RunningCluster>>) -> (Arc<Shared>, Credential) {
    let own = own_credential(&spec.own_account);
    let ledger = Ledger { credentials: vec![own.clone()], ..Ledger::default() };
    (Arc::new(Shared::new(spec, aws_host, clusters, ledger)), own)
}

/// What the endpoint offers by ALPN.
pub(crate) fn protocols(endpoint: EndpointKind) -> &'static [&'static [u8]] {
    if endpoint == EndpointKind::Http2Alone { &PROTOCOLS[..1] } else { PROTOCOLS }
}

fn aws_handler(shared: &Arc<Shared>) -> Handler {
    let shared = Arc::clone(shared);
    listener::immediate(move |request| aws::answer(&shared, &request))
}

fn cluster_handler(shared: &Arc<Shared>, cluster: &Arc<RunningCluster>) -> Handler {
    let (shared, cluster) = (Arc::clone(shared), Arc::clone(cluster));
    listener::immediate(move |request| kubernetes::answer(&shared, &cluster, &request))
}

fn own_credential(account: &str) -> Credential {
    Credential {
        access_key: "ASIALOOPBACKFUNCTION".to_owned(),
        secret: "loopback/own+secret/wJalrXUtnFEMIK7MDENG".to_owned(),
        // With the characters that go wrong where encoding does.
        session_token: "loopback+own/session/token==".to_owned(),
        account: account.to_owned(),
        role: FUNCTION_ROLE.to_owned(),
        session_name: "function".to_owned(),
    }
}

/// An endpoint with its port taken, not yet at work.
enum Door {
    Tls(TcpListener, TlsAcceptor),
    Silent(TcpListener),
    Refused(TcpSocket),
}

/// An endpoint at work.
enum OpenDoor {
    #[expect(dead_code, reason = "held for its Drop")]
    Listening(Listening),
    /// A bound socket that never listens: connections are refused, and nobody else gets the port.
    #[expect(dead_code, reason = "held for its Drop")]
    Refused(TcpSocket),
}

impl Door {
    /// The door, the endpoint's URL and the certificate authority (PEM) to announce.
    async fn prepare(cluster: &ClusterSpec) -> Result<(Self, String, String), WorldError> {
        let authority = Authority::new()?;
        let announced = match cluster.endpoint {
            EndpointKind::WrongCa => Authority::new()?.pem,
            _ => authority.pem.clone(),
        };
        let (door, address) = match cluster.endpoint {
            EndpointKind::Unreachable => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
                let address = socket.local_addr()?;
                (Self::Refused(socket), address)
            }
            EndpointKind::Silent => {
                let (listener, address) = listener::bind().await?;
                (Self::Silent(listener), address)
            }
            EndpointKind::Reachable | EndpointKind::WrongCa | EndpointKind::WrongHost | EndpointKind::Http2Alone => {
                let names: &[&str] = if cluster.endpoint == EndpointKind::WrongHost {
                    &["kubernetes.example"]
                } else {
                    &["127.0.0.1", "localhost"]
                };
                let (listener, address) = listener::bind().await?;
                (Self::Tls(listener, authority.acceptor(names, protocols(cluster.endpoint))?), address)
            }
        };
        Ok((door, format!("https://{address}"), announced))
    }

    fn open(self, shared: &Arc<Shared>, cluster: &Arc<RunningCluster>) -> OpenDoor {
        match self {
            Self::Refused(socket) => OpenDoor::Refused(socket),
            Self::Silent(listener) => OpenDoor::Listening(listener::hold(listener)),
            Self::Tls(listener, acceptor) => {
                let handler = cluster_handler(shared, cluster);
                OpenDoor::Listening(listener::serve(listener, Some(acceptor), handler))
            }
        }
    }
}
