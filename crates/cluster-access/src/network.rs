//! How AWS and the clusters are reached, and what that may take: every limit in one place.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::sdk_config::SharedHttpClient;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Empty;
use hyper::rt::{Read, Write};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::middleware::BaseUriLayer;
use kube::client::{Body, ClientBuilder};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use tower::Service;
use tower::util::MapRequest;

use crate::error::Cause;

/// What may be taken of time, tries and memory. The default is what the functions run with.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a connection may take, to AWS as to a cluster.
    pub connect: Duration,
    /// How long one attempt of a call to AWS may take.
    pub attempt: Duration,
    /// How often a call to AWS is attempted in all.
    pub attempts: u32,
    /// How long a cluster may stay silent in the middle of an answer.
    pub silence: Duration,
    /// How often a request to a cluster is tried in all.
    pub tries: u32,
    /// The first wait before such a request is tried again; it doubles, with jitter.
    pub first_backoff: Duration,
    /// The longest wait that a cluster's Retry-After can ask for.
    pub longest_backoff: Duration,
    /// The largest body that is read of a cluster, in bytes. A page of 500 large pods is a tenth of it.
    pub body: usize,
    /// For how long a token is used: the authenticator takes it for fifteen minutes.
    pub token: Duration,
    /// The most evaluations that one PutEvaluations takes.
    pub evaluations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(30),
            attempts: 4,
            silence: Duration::from_secs(30),
            tries: 5,
            first_backoff: Duration::from_millis(200),
            longest_backoff: Duration::from_secs(20),
            body: 64 * 1024 * 1024,
            token: Duration::from_secs(14 * 60),
            evaluations: 100,
        }
    }
}

/// Where a cluster's API is, and whom to trust there.
#[derive(Clone, Debug)]
pub struct ClusterEndpoint {
    /// Its https URL.
    pub url: Uri,
    /// The cluster's own certificate authority. No other is trusted.
    pub certificate_authority: Vec<CertificateDer<'static>>,
}

/// Makes the HTTP client of a cluster's API, within limits.
pub type ClusterConnector = Arc<dyn Fn(ClusterEndpoint, &Limits) -> Result<kube::Client, Cause> + Send + Sync>;

/// The way to AWS and to the clusters. The default is TCP; a test can put something in memory in its place.
#[derive(Clone)]
pub struct Network {
    /// What may be taken.
    pub limits: Limits,
    /// The HTTP client of the AWS endpoints, which all calls share.
    pub aws: SharedHttpClient,
    /// What makes the HTTP client of a cluster.
    pub clusters: ClusterConnector,
}

impl Default for Network {
    fn default() -> Self {
        let aws = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let clusters = |endpoint, limits: &Limits| {
            let mut connector = HttpConnector::new();
            connector.enforce_http(false);
            cluster_client(endpoint, limits, connector)
        };
        Self { limits: Limits::default(), aws, clusters: Arc::new(clusters) }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Network").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Network {
    /// The configuration of AWS over this network. What it does not say, the environment does.
    #[must_use]
    pub fn aws_config(&self) -> ConfigLoader {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.limits.connect)
            .operation_attempt_timeout(self.limits.attempt)
            .build();
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.aws.clone())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(self.limits.attempts))
    }
}

/// The HTTP client of a cluster over `connector`. It is for reading: the body of a request is not sent. Requests carry the
/// tokens that they are given.
///
/// [`kube::Client::try_from`] does more, and all that a kubeconfig can ask for would be part of every function
/// (`docs/decisions/0030`).
///
/// # Errors
/// A certificate that cannot be used.
pub fn cluster_client<C>(endpoint: ClusterEndpoint, limits: &Limits, connector: C) -> Result<kube::Client, Cause>
where
    C: Service<Uri, Error: Error + Send + Sync, Future: Send> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
{
    let mut roots = RootCertStore::empty();
    for certificate in endpoint.certificate_authority {
        roots.add(certificate)?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1();
    let mut connector = TimeoutConnector::new(https.wrap_connector(connector));
    connector.set_connect_timeout(Some(limits.connect));
    connector.set_read_timeout(Some(limits.silence));
    connector.set_reset_reader_on_write(true);
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    // What is asked has no body.
    let client = MapRequest::new(client, |request: Request<Body>| request.map(|_| Empty::new()));
    Ok(ClientBuilder::new(client, "default").with_layer(&BaseUriLayer::new(endpoint.url)).build())
}
