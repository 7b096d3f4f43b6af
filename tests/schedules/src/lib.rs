//! A function's own code path in process, over streams in memory and a clock that runs ahead: minutes of waiting cost
//! nothing, and what happens depends on a number alone.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use acceptance::{Event, Outcome, Schedule};
use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use cluster_access::{
    Aws, Invocation, InvocationError, Limits, Metrics, Network, Summary, chain, cluster_client, handle,
};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use loopback::World;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::Instant;
use tower_service::Service;

/// How long a function has: the time runs ahead, so it may be what it is in the template.
pub const DEADLINE: Duration = Duration::from_secs(900);

/// Limits under which a few clusters make several chunks of evaluations.
#[must_use]
pub fn limits() -> Limits {
    Limits { evaluations: 2, ..Limits::default() }
}

/// Handles an event in a world that was started in memory.
///
/// # Errors
/// Those of [`handle`].
pub async fn invoke(world: &Arc<World>, event: &Event, limits: Limits) -> Result<Summary, InvocationError> {
    invoke_as(world, event, limits, credentials(world)).await
}

/// The same with these credentials.
///
/// # Errors
/// Those of [`handle`].
pub async fn invoke_as(
    world: &Arc<World>,
    event: &Event,
    limits: Limits,
    credentials: impl ProvideCredentials + 'static,
) -> Result<Summary, InvocationError> {
    let aws = aws(world, limits, credentials).await;
    let invocation = Invocation {
        request_id: "in-process".to_owned(),
        deadline: Instant::now() + DEADLINE,
        test_mode: false,
        metrics: Metrics::default(),
    };
    Box::pin(handle(event.rule(), &aws, event.issued(world), &invocation)).await
}

/// What becomes of a schedule, on a runtime of its own whose clock runs ahead.
#[must_use]
pub fn run(schedule: &Schedule) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime needs nothing").block_on(async {
        // The jitter of every backoff comes from here, so that the schedule alone decides what happens.
        fastrand::seed(schedule.seed);
        let world = Arc::new(World::in_memory(schedule.spec().clone()).expect("the world is a proper one"));
        schedule.script(&world);
        let begun = Instant::now();
        let ended = invoke(&world, schedule.event(), limits()).await;
        assert!(begun.elapsed() < DEADLINE, "{}it outlived its deadline", schedule.told());
        Outcome::of(&world, ended.err().map(|error| (error.error_type().to_owned(), chain(&error))))
    })
}

/// The caller of AWS in this world.
async fn aws(world: &Arc<World>, limits: Limits, credentials: impl ProvideCredentials + 'static) -> Aws {
    let network = network(world, limits);
    let region = variable(world, "AWS_REGION").map(Region::new);
    let loader = network.aws_config().region(region).credentials_provider(credentials);
    let config = loader.endpoint_url(world.aws_endpoint()).load().await;
    Aws::new(config, network)
}

/// The credentials that the world hands out.
#[must_use]
pub fn credentials(world: &World) -> Credentials {
    let value = |name| variable(world, name).unwrap_or_default();
    let (key, secret) = (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"));
    Credentials::new(key, secret, variable(world, "AWS_SESSION_TOKEN"), None, "the world's")
}

fn variable(world: &World, name: &str) -> Option<String> {
    world.environment().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The network of this world: the clients that a function has, over streams in memory.
#[must_use]
pub fn network(world: &Arc<World>, limits: Limits) -> Network {
    let dial = Dial(Arc::clone(world));
    let clusters = dial.clone();
    Network {
        limits,
        aws: aws_client(dial),
        clusters: Arc::new(move |endpoint, limits| cluster_client(endpoint, limits, clusters.clone())),
    }
}

/// Connects to the hosts of a world.
#[derive(Clone)]
struct Dial(Arc<World>);

impl Service<http::Uri> for Dial {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<Wire>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let host = uri.host().unwrap_or_default();
        ready(self.0.connect(host).map(|stream| TokioIo::new(Wire(stream))))
    }
}

/// A stream that can be the connection of an HTTP client.
struct Wire(DuplexStream);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// The HTTP client below the AWS SDK, without TLS: what the SDK itself makes over TCP cannot be given another connector.
#[derive(Clone, Debug)]
struct AwsConnector(Client<Dial, SdkBody>);

impl std::fmt::Debug for Dial {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Dial")
    }
}

fn aws_client(dial: Dial) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(AwsConnector(Client::builder(TokioExecutor::new()).build(dial)));
    http_client_fn(move |_: &HttpConnectorSettings, _: &RuntimeComponents| connector.clone())
}

impl HttpConnector for AwsConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            let status = StatusCode::try_from(answer.status().as_u16())
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let (parts, body) = answer.into_parts();
            let mut response = HttpResponse::new(status, SdkBody::from_body_1_x(body));
            for (name, value) in &parts.headers {
                if let Ok(value) = value.to_str() {
                    response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
                }
            }
            Ok(response)
        })
    }
}
