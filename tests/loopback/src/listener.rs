//! A listener on 127.0.0.1: accepts, speaks TLS where asked to, hands requests to a handler, and delivers answers as they are meant to arrive.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::answer::{Delivery, WireBody};

/// A request read whole.
pub(crate) struct Received {
    pub(crate) method: String,
    /// As sent, still percent-encoded.
    pub(crate) path: String,
    /// As sent, without the question mark; empty where there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// A header's value, empty where it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What answers the requests of a listener.
pub(crate) type Handler = Arc<dyn Fn(Received) -> Pin<Box<dyn Future<Output = Delivery> + Send>> + Send + Sync>;

/// Makes a handler of a function that needs not wait for anything.
pub(crate) fn immediate(answer: impl Fn(Received) -> Delivery + Send + Sync + 'static) -> Handler {
    Arc::new(move |request| Box::pin(std::future::ready(answer(request))))
}

/// A listener at work; it stops with all its connections when this is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    task: AbortHandle,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes a free port of 127.0.0.1.
pub(crate) async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Starts to answer the connections of `listener`.
pub(crate) fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, handler: Handler) -> Listening {
    let accepting = async move {
        // The set belongs to this task, so that the connections end with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    // Whoever sends small answers on loopback waits 40 ms for the other's delayed acknowledgement otherwise.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(converse(stream, tls.clone(), Arc::clone(&handler)));
                },
                Some(_) = connections.join_next() => {}
            }
        }
    };
    Listening { task: tokio::spawn(accepting).abort_handle() }
}

/// Takes connections and never says a word on them.
pub(crate) fn hold(listener: TcpListener) -> Listening {
    let accepting = async move {
        let mut held = Vec::new();
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
            }
        }
    };
    Listening { task: tokio::spawn(accepting).abort_handle() }
}

/// What connections are made of: sockets, and streams in memory.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Has the end of the stream be a reset, where it knows such.
    fn reset(&self) {}
}

impl Wire for TcpStream {
    fn reset(&self) {
        // A socket closed without lingering sends RST, as a dying load balancer does.
        let _ = self.set_zero_linger();
    }
}

impl Wire for DuplexStream {}

/// One connection from its handshake to its end. Its errors are the client's to report.
pub(crate) async fn converse(stream: impl Wire, tls: Option<TlsAcceptor>, handler: Handler) {
    let reset = Arc::new(AtomicBool::new(false));
    let stream = ResettableStream { stream, reset: Arc::clone(&reset) };
    match tls {
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                speak_http(stream, reset, handler).await;
            }
        }
        None => speak_http(stream, reset, handler).await,
    }
}

async fn speak_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    reset: Arc<AtomicBool>,
    handler: Handler,
) {
    let service = hyper::service::service_fn(move |request| deliver(request, Arc::clone(&reset), Arc::clone(&handler)));
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn deliver(
    request: Request<Incoming>,
    reset: Arc<AtomicBool>,
    handler: Handler,
) -> io::Result<Response<WireBody>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let received = Received {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    match handler(received).await {
        Delivery::Answer(answer, ending) => Ok(answer.into_response(ending)),
        Delivery::Late(answer, time) => {
            tokio::time::sleep(time).await;
            Ok(answer.into_response(crate::answer::Ending::Complete))
        }
        Delivery::Never => std::future::pending().await,
        Delivery::Reset => {
            reset.store(true, Ordering::Relaxed);
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
}

/// A stream that can be made to end with a reset instead of an orderly end.
struct ResettableStream<S: Wire> {
    stream: S,
    reset: Arc<AtomicBool>,
}

impl<S: Wire> ResettableStream<S> {
    fn check(&self) -> io::Result<()> {
        if self.reset.load(Ordering::Relaxed) { Err(io::Error::from(io::ErrorKind::ConnectionReset)) } else { Ok(()) }
    }
}

impl<S: Wire> Drop for ResettableStream<S> {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            self.stream.reset();
        }
    }
}

impl<S: Wire> AsyncRead for ResettableStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Wire> AsyncWrite for ResettableStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
