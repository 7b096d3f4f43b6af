//! The Kubernetes API of one cluster: one connection pool, TLS with the cluster's own certificate authority, typed
//! errors, and retries of what a busy server asks to try again.

use std::error::Error as StdError;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_rules::{Encoding, Kind, decode_status};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;

use crate::error::{Cause, NotJudged};
use crate::network::{ClusterEndpoint, Limits, Network};
use crate::token::TokenSource;

/// What is asked for where only JSON is read.
const JSON: &str = "application/json";

/// The media type of Kubernetes' protobuf.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What is asked for where protobuf is read too.
const PROTOBUF_OR_JSON: &str = "application/vnd.kubernetes.protobuf, application/json";

/// A client of one cluster's Kubernetes API.
pub struct KubernetesClient {
    client: kube::Client,
    /// Signs the token of each request; none where the kubeconfig's own way of authentication is used.
    tokens: Option<TokenSource>,
    limits: Limits,
    /// Tells what stands behind an error of kube's.
    cause: fn(kube::Error) -> Cause,
    /// How many requests had to be sent again.
    retries: AtomicU64,
}

impl fmt::Debug for KubernetesClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KubernetesClient").finish_non_exhaustive()
    }
}

impl KubernetesClient {
    /// A client that trusts `certificate_authority` (base64 of PEM, as DescribeCluster gives it) and nothing else.
    pub(crate) fn new(
        endpoint: &str,
        certificate_authority: &str,
        tokens: TokenSource,
        network: &Network,
    ) -> Result<Self, NotJudged> {
        let uri: Uri = endpoint.parse().map_err(|_| NotJudged::Endpoint("endpoint"))?;
        if uri.scheme_str() != Some("https") || uri.host().is_none() {
            return Err(NotJudged::Endpoint("endpoint: it is not an https URL"));
        }
        let certificate_authority = certificates(certificate_authority)?;
        let client = (network.clusters)(ClusterEndpoint { url: uri, certificate_authority }, &network.limits)
            .map_err(|source| NotJudged::Tls { source })?;
        let limits = network.limits.clone();
        Ok(Self { client, tokens: Some(tokens), limits, cause, retries: AtomicU64::new(0) })
    }

    /// A client of a kubeconfig's context, which authenticates as the kubeconfig says.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, and a context that it does not have.
    pub async fn from_kubeconfig(path: Option<&std::path::Path>, context: &str) -> Result<Self, NotJudged> {
        let error = |cause: kube::config::KubeconfigError| NotJudged::Kubeconfig { source: cause.into() };
        let options = kube::config::KubeConfigOptions {
            context: Some(context.to_owned()),
            ..kube::config::KubeConfigOptions::default()
        };
        let kubeconfig = match path {
            Some(path) => kube::config::Kubeconfig::read_from(path),
            None => kube::config::Kubeconfig::read(),
        };
        let mut config =
            kube::Config::from_custom_kubeconfig(kubeconfig.map_err(error)?, &options).await.map_err(error)?;
        let limits = Limits::default();
        config.connect_timeout = Some(limits.connect);
        config.read_timeout = Some(limits.silence);
        config.reset_reader_on_write = true;
        config.default_retry = false;
        let client = kube::Client::try_from(config).map_err(|cause| NotJudged::Tls { source: cause.into() })?;
        Ok(Self { client, tokens: None, limits, cause: |error| error.into(), retries: AtomicU64::new(0) })
    }

    /// How many requests had to be sent again so far.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// The JSON body of a GET. `resource` and `verb` are what RBAC calls the request.
    pub(crate) async fn get(&self, path: &str, verb: &'static str, resource: &str) -> Result<Vec<u8>, NotJudged> {
        let body = self
            .ask(path, JSON, Vec::new(), |_, _| {})
            .await
            .map_err(|failure| failure.into_error(path, verb, resource))?;
        Ok(body.bytes)
    }

    /// A page of a list, read into `buffer`. `peek` sees the bytes that have arrived so far, time and again until all are
    /// there; a try that breaks off begins anew.
    pub(crate) async fn list_page(
        &self,
        path: &str,
        kind: Kind,
        buffer: Vec<u8>,
        peek: impl FnMut(Encoding, &[u8]),
    ) -> Result<Body, NotJudged> {
        let accept = if kind.protobuf() { PROTOBUF_OR_JSON } else { JSON };
        self.ask(path, accept, buffer, peek).await.map_err(|failure| failure.into_error(path, "list", &kind.resource()))
    }

    /// Sends a GET until it is answered, or until another try is of no use.
    async fn ask(
        &self,
        path: &str,
        accept: &str,
        mut buffer: Vec<u8>,
        mut peek: impl FnMut(Encoding, &[u8]),
    ) -> Result<Body, Unanswered> {
        let mut tries = 1;
        let mut renewed = false;
        let mut refused = None;
        loop {
            let authorization = match &self.tokens {
                Some(tokens) => Some(tokens.authorization(refused.as_ref()).await?),
                None => None,
            };
            let failure =
                match self.answer(path, accept, authorization.clone(), mem::take(&mut buffer), &mut peek).await {
                    Ok(body) => return Ok(body),
                    Err(failure) => failure,
                };
            // A token can be refused in the middle of a long listing; a new one is tried once.
            if failure.code == Some(StatusCode::UNAUTHORIZED) && authorization.is_some() && !renewed {
                renewed = true;
                refused = authorization;
                continue;
            }
            let Some(wait) = failure.wait(tries, &self.limits) else { return Err(Unanswered::Failed(failure)) };
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(path = without_query(path), tries, wait_ms, "the Kubernetes API is asked again");
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    /// Sends a GET once and reads its answer.
    async fn answer(
        &self,
        path: &str,
        accept: &str,
        authorization: Option<HeaderValue>,
        buffer: Vec<u8>,
        peek: &mut impl FnMut(Encoding, &[u8]),
    ) -> Result<Body, Failure> {
        let mut request = Request::get(path)
            .header(ACCEPT, accept)
            .header(USER_AGENT, concat!("eks-config-rules/", env!("CARGO_PKG_VERSION")));
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(kube::client::Body::empty()).map_err(|error| Failure::broken(error.into()))?;
        let response = self.client.send(request).await.map_err(|error| Failure::broken((self.cause)(error)))?;
        read(response, buffer, self.limits.body, self.cause, peek).await
    }
}

/// What stands behind an error of kube's. To display that error itself would bring the errors of all parsers of a
/// kubeconfig into every function.
fn cause(error: kube::Error) -> Cause {
    match error {
        kube::Error::Service(cause) => cause,
        kube::Error::HyperError(cause) => cause.into(),
        _ => "the HTTP client failed".into(),
    }
}

/// The body of an answer.
pub(crate) struct Body {
    /// How it is encoded.
    pub(crate) encoding: Encoding,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
}

/// The DER certificates in base64 of PEM.
fn certificates(base64: &str) -> Result<Vec<CertificateDer<'static>>, NotJudged> {
    let unusable = NotJudged::Endpoint("certificateAuthority");
    let Ok(pem) = STANDARD.decode(base64.trim()) else { return Err(unusable) };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable),
    }
}

async fn read(
    response: Response<kube::client::Body>,
    mut bytes: Vec<u8>,
    limit: usize,
    cause: fn(kube::Error) -> Cause,
    peek: &mut impl FnMut(Encoding, &[u8]),
) -> Result<Body, Failure> {
    let (parts, mut body) = response.into_parts();
    let encoding = encoding(&parts.headers);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::body(parts.status, cause(error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Failure::body(parts.status, Box::new(TooLarge { limit })));
        }
        bytes.extend_from_slice(&data);
        if parts.status == StatusCode::OK {
            peek(encoding, &bytes);
        }
    }
    if parts.status == StatusCode::OK {
        Ok(Body { encoding, bytes })
    } else {
        Err(Failure::answered(parts.status, &parts.headers, &bytes))
    }
}

/// The encoding that the server chose.
fn encoding(headers: &HeaderMap) -> Encoding {
    let protobuf = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(PROTOBUF.as_bytes()));
    if protobuf { Encoding::Protobuf } else { Encoding::Json }
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// A body that is larger than any that is read.
#[derive(Debug, thiserror::Error)]
#[error("it is larger than {} MiB", limit / (1024 * 1024))]
struct TooLarge {
    limit: usize,
}

/// Why a request has no answer.
enum Unanswered {
    /// There is no token to ask with.
    Token(NotJudged),
    /// The last try failed.
    Failed(Failure),
}

impl From<NotJudged> for Unanswered {
    fn from(error: NotJudged) -> Self {
        Self::Token(error)
    }
}

impl Unanswered {
    fn into_error(self, path: &str, verb: &'static str, resource: &str) -> NotJudged {
        match self {
            Self::Token(error) => error,
            Self::Failed(failure) => failure.into_error(path, verb, resource),
        }
    }
}

/// A request that did not end in 200.
struct Failure {
    /// The status code, where there was an answer.
    code: Option<StatusCode>,
    /// What the server said, where there was an answer and it could be read.
    message: String,
    /// Its reason (meta/v1 `Status.reason`).
    reason: String,
    retry_after: Option<Duration>,
    cause: Option<Cause>,
}

/// The part of a meta/v1 `Status` that tells what is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    reason: String,
}

impl Failure {
    /// There was no answer.
    fn broken(cause: Cause) -> Self {
        Self { code: None, message: String::new(), reason: String::new(), retry_after: None, cause: Some(cause) }
    }

    /// There was an answer, but its body broke off.
    fn body(code: StatusCode, cause: Cause) -> Self {
        Self { code: Some(code), ..Self::broken(cause) }
    }

    /// There was an answer other than 200. An overloaded server answers in plain text, others with a Status.
    fn answered(code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let status = decode_status(body).map(|(message, reason)| Status { message, reason });
        let status = status.or_else(|| serde_json::from_slice(body).ok()).unwrap_or_else(|| Status {
            message: String::from_utf8_lossy(body).chars().take(200).collect::<String>().trim().to_owned(),
            reason: String::new(),
        });
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        Self {
            code: Some(code),
            message: status.message,
            reason: status.reason,
            retry_after: seconds.map(Duration::from_secs),
            cause: None,
        }
    }

    /// How long to wait before the next try; none where another try is of no use.
    fn wait(&self, tries: u32, limits: &Limits) -> Option<Duration> {
        let passing = match (self.code, &self.cause) {
            // A body that broke off, but not one that is too large.
            (Some(_), Some(cause)) => !cause.is::<TooLarge>(),
            (None, Some(cause)) => !is_tls(cause.as_ref()) && !is_connect(cause.as_ref()),
            (Some(code), None) => matches!(code.as_u16(), 429 | 500 | 502 | 503 | 504),
            (None, None) => false,
        };
        // A private endpoint does not answer the second time either: one more try is enough for a lost packet.
        let unreachable = self.code.is_none() && self.cause.as_deref().is_some_and(|cause| is_connect(cause));
        if !(passing && tries < limits.tries || unreachable && tries < 2) {
            return None;
        }
        let longest = limits.first_backoff * 2_u32.pow(tries.min(6));
        let jittered = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        Some(self.retry_after.map_or(jittered, |asked| asked.max(jittered)).min(limits.longest_backoff))
    }

    fn into_error(self, path: &str, verb: &'static str, resource: &str) -> NotJudged {
        let path = without_query(path).to_owned();
        match (self.code, self.cause) {
            (None, Some(source)) if is_tls(source.as_ref()) => NotJudged::Tls { source },
            (None, Some(source)) if is_connect(source.as_ref()) => NotJudged::Connect { source },
            // The connection broke off before the answer, or in it.
            (_, Some(source)) => NotJudged::Body { path, source },
            (Some(StatusCode::UNAUTHORIZED), None) => NotJudged::Unauthorized,
            (Some(StatusCode::FORBIDDEN), None) => {
                NotJudged::Forbidden { verb, resource: resource.to_owned(), message: self.message }
            }
            (Some(StatusCode::GONE), None) if self.reason == "Expired" || self.reason == "Gone" => {
                NotJudged::Expired { resource: resource.to_owned(), tries: 1 }
            }
            (code, None) => {
                NotJudged::Answer { code: code.map_or(0, |code| code.as_u16()), path, message: self.message }
            }
        }
    }
}

/// Whether an error or one of its causes satisfies `test`. An I/O error hides the error that it wraps.
fn any_cause(error: &(dyn StdError + 'static), test: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if test(error) {
            return true;
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    any_cause(error, |cause| cause.is::<rustls::Error>())
}

/// Whether no connection came about at all.
fn is_connect(error: &(dyn StdError + 'static)) -> bool {
    any_cause(error, |cause| {
        cause
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
    })
}
