//! A world without sockets: each host is reached over a stream in memory, with the same TLS and the same HTTP as on a socket.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;

use crate::certificate::{Authority, PROTOCOLS};
use crate::kubernetes::cluster::RunningCluster;
use crate::listener::{self, Handler};
use crate::spec::EndpointKind;
use crate::world::{WorldError, protocols};

/// The host of the AWS endpoint.
pub const AWS_HOST: &str = "aws.loopback";

/// The domain of the clusters' API servers.
const CLUSTERS: &str = "eks.loopback";

/// How many bytes are under way in each direction at most.
const BUFFER: usize = 64 * 1024;

/// The host of a cluster's API server.
pub(crate) fn cluster_host(account: &str, cluster: &str) -> String {
    format!("{cluster}-{account}.{CLUSTERS}")
}

/// The certificate authority of all clusters and the server certificate for their domain: keys take time to make.
struct Certificates {
    announced: String,
    proper: TlsAcceptor,
    http2_alone: TlsAcceptor,
    of_another_host: TlsAcceptor,
}

fn certificates() -> Result<&'static Certificates, WorldError> {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    if MADE.get().is_none() {
        let (authority, names) = (Authority::new()?, format!("*.{CLUSTERS}"));
        let made = Certificates {
            proper: authority.acceptor(&[&names], PROTOCOLS)?,
            http2_alone: authority.acceptor(&[&names], protocols(EndpointKind::Http2Alone))?,
            of_another_host: authority.acceptor(&["kubernetes.example"], PROTOCOLS)?,
            announced: authority.pem,
        };
        // Where another thread was faster, its certificates are as good.
        let _ = MADE.set(made);
    }
    MADE.get().ok_or_else(|| io::Error::other("no certificates").into())
}

/// The certificate authority to announce of a cluster.
pub(crate) fn announced(endpoint: EndpointKind) -> Result<String, WorldError> {
    match endpoint {
        EndpointKind::WrongCa => Ok(Authority::new()?.pem),
        _ => Ok(certificates()?.announced.clone()),
    }
}

/// What happens to whoever connects to a host.
enum Host {
    Answers(Option<TlsAcceptor>, Handler),
    /// The other ends, held so that they stay open.
    Silent(Mutex<Vec<DuplexStream>>),
    Refuses,
}

/// The hosts by name.
#[derive(Default)]
pub(crate) struct Hosts(BTreeMap<String, Host>);

impl Hosts {
    pub(crate) fn aws(&mut self, handler: Handler) {
        self.0.insert(AWS_HOST.to_owned(), Host::Answers(None, handler));
    }

    pub(crate) fn cluster(&mut self, cluster: &RunningCluster, handler: Handler) -> Result<(), WorldError> {
        let host = match cluster.spec.endpoint {
            EndpointKind::Reachable | EndpointKind::WrongCa => {
                Host::Answers(Some(certificates()?.proper.clone()), handler)
            }
            EndpointKind::WrongHost => Host::Answers(Some(certificates()?.of_another_host.clone()), handler),
            EndpointKind::Http2Alone => Host::Answers(Some(certificates()?.http2_alone.clone()), handler),
            EndpointKind::Unreachable => Host::Refuses,
            EndpointKind::Silent => Host::Silent(Mutex::default()),
        };
        self.0.insert(cluster_host(&cluster.account, &cluster.spec.name), host);
        Ok(())
    }

    pub(crate) fn connect(&self, host: &str) -> io::Result<DuplexStream> {
        match self.0.get(host) {
            Some(Host::Answers(tls, handler)) => {
                let (near, far) = tokio::io::duplex(BUFFER);
                tokio::spawn(listener::converse(far, tls.clone(), Arc::clone(handler)));
                Ok(near)
            }
            Some(Host::Silent(held)) => {
                let (near, far) = tokio::io::duplex(BUFFER);
                held.lock().unwrap_or_else(PoisonError::into_inner).push(far);
                Ok(near)
            }
            Some(Host::Refuses) => Err(io::ErrorKind::ConnectionRefused.into()),
            None => Err(io::Error::new(io::ErrorKind::NotFound, format!("the world has no host {host:?}"))),
        }
    }
}
