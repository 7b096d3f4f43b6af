//! A small HTTP client, and signatures made with the crate that the functions use.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SessionTokenMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::World;

/// An answer read whole.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) bytes: Bytes,
}

impl Response {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Credentials as a client holds them.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) access_key: String,
    pub(super) secret: String,
    pub(super) session_token: String,
}

/// The credentials of the world's environment.
pub(super) fn own_keys(world: &World) -> Keys {
    let environment = world.environment();
    let get = |name: &str| environment.iter().find(|(key, _)| key == name).unwrap().1.clone();
    Keys {
        access_key: get("AWS_ACCESS_KEY_ID"),
        secret: get("AWS_SECRET_ACCESS_KEY"),
        session_token: get("AWS_SESSION_TOKEN"),
    }
}

/// Where a signature goes, and what it is for.
pub(super) struct Signing<'a> {
    pub(super) keys: &'a Keys,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) time: SystemTime,
    /// `Some(seconds)` presigns: `X-Amz-Expires`.
    pub(super) expires: Option<u64>,
}

/// Signs a request in place.
pub(super) fn signed(signing: &Signing<'_>, mut request: Request<Bytes>) -> Request<Bytes> {
    let Keys { access_key, secret, session_token } = signing.keys;
    let identity = Credentials::new(access_key, secret, Some(session_token.clone()), None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    if let Some(seconds) = signing.expires {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(seconds));
        settings.session_token_mode = SessionTokenMode::Include;
        settings.excluded_headers = None;
    }
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(signing.region)
        .name(signing.service)
        .time(signing.time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers: Vec<(String, String)> =
        request.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(request.body()),
    )
    .unwrap();
    let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// A presigned URL with its parts to be broken.
pub(super) struct Presign<'a> {
    pub(super) base: String,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) expires: u64,
    pub(super) time: SystemTime,
    pub(super) region: &'a str,
    pub(super) keys: Keys,
}

impl<'a> Presign<'a> {
    /// The URL of a proper token for a cluster.
    pub(super) fn proper(world: &World, cluster: &'a str) -> Self {
        Self {
            base: format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", world.aws_endpoint()),
            headers: vec![("x-k8s-aws-id", cluster)],
            expires: 60,
            time: SystemTime::now(),
            region: "eu-west-1",
            keys: own_keys(world),
        }
    }

    pub(super) fn url(&self) -> String {
        let mut request = Request::get(&self.base);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let signing = Signing {
            keys: &self.keys,
            region: self.region,
            service: "sts",
            time: self.time,
            expires: Some(self.expires),
        };
        signed(&signing, request.body(Bytes::new()).unwrap()).uri().to_string()
    }

    pub(super) fn token(&self) -> String {
        token_of(&self.url())
    }
}

pub(super) fn token_of(url: &str) -> String {
    format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url))
}

/// Sends a signed request to the AWS endpoint.
pub(super) async fn aws(
    world: &World,
    keys: &Keys,
    service: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response, Failure> {
    let mut request = Request::builder().method(method).uri(format!("{}{path}", world.aws_endpoint()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let signing = Signing { keys, region: "eu-west-1", service, time: SystemTime::now(), expires: None };
    send(signed(&signing, request.body(Bytes::from(body.to_owned()))?), None).await
}

/// Sends a request as it is to the AWS endpoint or, over TLS that trusts `authority`, to an API server.
pub(super) async fn send(mut request: Request<Bytes>, authority: Option<&str>) -> Result<Response, Failure> {
    let uri: Uri = request.uri().clone();
    let host = uri.authority().unwrap().to_string();
    request.headers_mut().insert("host", host.parse()?);
    *request.uri_mut() = uri.path_and_query().unwrap().as_str().parse()?;
    let request = request.map(Full::new);
    let stream = TcpStream::connect(&host).await?;
    match authority {
        None => converse(TokioIo::new(stream), request).await,
        Some(authority) => converse(TokioIo::new(tls(stream, authority, &[b"http/1.1"]).await?), request).await,
    }
}

/// A TLS connection that trusts this authority alone.
pub(super) async fn tls(
    stream: TcpStream,
    authority: &str,
    protocols: &[&[u8]],
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("127.0.0.1")?, stream).await?)
}

async fn converse(
    io: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response, Failure> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    connection.abort();
    Ok(Response { status: parts.status.as_u16(), headers: parts.headers, text, bytes })
}

/// Gets a path of a cluster's API server over HTTP/2.
pub(super) async fn get_http2(world: &World, cluster: &str, path: &str, token: &str) -> Result<Response, Failure> {
    let endpoint = world.kubernetes_endpoint(cluster)?;
    let stream = TcpStream::connect(endpoint.trim_start_matches("https://")).await?;
    let stream = tls(stream, &world.certificate_authority(cluster)?, &[b"h2"]).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(format!("{endpoint}{path}")).header("authorization", format!("Bearer {token}"));
    let (parts, body) = sender.send_request(request.body(Full::new(Bytes::new()))?).await?.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let text = String::from_utf8(bytes.to_vec())?;
    connection.abort();
    Ok(Response { status: parts.status.as_u16(), headers: parts.headers, text, bytes })
}

/// Gets a path of a cluster's API server; an empty token sends none.
pub(super) async fn get_with(world: &World, cluster: &str, path: &str, token: &str) -> Result<Response, Failure> {
    get_accepting(world, cluster, path, token, "application/json").await
}

/// The same, where another form than JSON is accepted.
pub(super) async fn get_accepting(
    world: &World,
    cluster: &str,
    path: &str,
    token: &str,
    accept: &str,
) -> Result<Response, Failure> {
    let mut request = Request::get(format!("{}{path}", world.kubernetes_endpoint(cluster)?)).header("accept", accept);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    send(request.body(Bytes::new())?, Some(&world.certificate_authority(cluster)?)).await
}

/// Gets a path with a proper token of the world's own account.
pub(super) async fn get(world: &World, cluster: &str, path: &str) -> Result<Response, Failure> {
    get_with(world, cluster, path, &Presign::proper(world, cluster).token()).await
}
