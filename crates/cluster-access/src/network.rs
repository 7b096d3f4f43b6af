//! How AWS and the clusters are reached, and what that may take: every limit in one place.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::sdk_config::SharedHttpClient;

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

/// Makes the HTTP client of a cluster's API of its configuration, which says where it is and whom to trust.
pub type ClusterConnector = Arc<dyn Fn(kube::Config) -> Result<kube::Client, kube::Error> + Send + Sync>;

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
        Self { limits: Limits::default(), aws, clusters: Arc::new(kube::Client::try_from) }
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

    /// The client of a cluster, with this network's timeouts and without kube's own retries.
    pub(crate) fn cluster(&self, mut config: kube::Config) -> Result<kube::Client, kube::Error> {
        config.connect_timeout = Some(self.limits.connect);
        config.read_timeout = Some(self.limits.silence);
        config.reset_reader_on_write = true;
        config.default_retry = false;
        (self.clusters)(config)
    }
}
