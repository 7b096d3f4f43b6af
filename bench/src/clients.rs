//! The clients that are compared. Each reads all pods once and is a process of its own.

use std::io::Write;
use std::path::Path;

use clap::ValueEnum;
use cluster_access::{ClusterSource, KubernetesClient, chain, read_cluster};
use eks_rules::{
    Configuration, Encoding, Judge, Kind, ParameterError, RuleName, RuleParameters, Scene, Source, peek_list_metadata,
};
use flate2::write::GzDecoder;
use http::Request;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING};
use http_body_util::BodyExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use loopback::protobuf::PROTOBUF;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Failure;
use crate::measure::{Clock, Cost};
use crate::server::CLUSTER;

const JSON: &str = "application/json";

/// Who reads the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Client {
    /// The JSON of the pods, read and thrown away.
    Raw,
    /// privEscalation, as its function does it.
    Ours,
    /// The same where the server knows JSON only.
    OursJson,
    /// The three rules together.
    OursThree,
    /// k8s-openapi's types through kube's Api::list.
    Typed,
    /// The Python kubernetes client, 500 a page.
    PythonKubernetes,
    /// Python with requests and orjson, the garbage collector off.
    PythonOrjson,
    /// The protobuf of the pods, read and thrown away.
    RawProtobuf,
    /// The same gzip'd, inflated and thrown away.
    RawGzip,
}

impl Client {
    /// What it is, in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Raw => "JSON read and thrown away",
            Self::Ours => "**privEscalation (protobuf)**",
            Self::OursJson => "privEscalation, JSON only",
            Self::OursThree => "the three rules together",
            Self::Typed => "k8s-openapi, `Api::list`",
            Self::PythonKubernetes => "Python, kubernetes client",
            Self::PythonOrjson => "Python, requests + orjson",
            Self::RawProtobuf => "protobuf read and thrown away",
            Self::RawGzip => "protobuf gzip'd, inflated and thrown away",
        }
    }

    /// Its Python program, where it is one.
    pub(crate) const fn program(self) -> Option<&'static str> {
        match self {
            Self::PythonKubernetes => Some(include_str!("../python/kubernetes_client.py")),
            Self::PythonOrjson => Some(include_str!("../python/requests_orjson.py")),
            _ => None,
        }
    }
}

/// Reads the cluster of the kubeconfig.
pub(crate) async fn run(client: Client, kubeconfig: &Path) -> Result<Cost, Failure> {
    let clock = Clock::start();
    let pods = match client {
        Client::Raw => raw(kubeconfig, JSON, false).await?,
        Client::RawProtobuf => raw(kubeconfig, PROTOBUF, false).await?,
        Client::RawGzip => raw(kubeconfig, PROTOBUF, true).await?,
        Client::Ours | Client::OursJson => ours(kubeconfig, &[RuleName::PrivEscalation]).await?,
        Client::OursThree => ours(kubeconfig, &RuleName::ALL).await?,
        Client::Typed => typed(kubeconfig).await?,
        Client::PythonKubernetes | Client::PythonOrjson => return Err("that is a program of its own".into()),
    };
    Ok(clock.stop(pods))
}

async fn plain_client(kubeconfig: &Path) -> Result<kube::Client, Failure> {
    let options = KubeConfigOptions { context: Some(CLUSTER.to_owned()), ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig)?, &options).await?;
    Ok(kube::Client::try_from(config)?)
}

/// The least that reading can cost: pages of 500, one after the other, of which only the continue token is looked at.
async fn raw(kubeconfig: &Path, accept: &str, gzip: bool) -> Result<u64, Failure> {
    let encoding = if accept == JSON { Encoding::Json } else { Encoding::Protobuf };
    let client = plain_client(kubeconfig).await?;
    let (mut pods, mut token) = (0, String::new());
    loop {
        let next = if token.is_empty() { String::new() } else { format!("&continue={token}") };
        let mut request = Request::get(format!("/api/v1/pods?limit=500{next}")).header(ACCEPT, accept);
        if gzip {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        let response = client.send(request.body(kube::client::Body::empty())?).await?;
        if gzip != response.headers().contains_key(CONTENT_ENCODING) {
            return Err("the server compresses what it should not, or not what it should".into());
        }
        let mut body = response.into_body();
        let mut head = Head::default();
        let mut inflated = GzDecoder::new(Head::default());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if gzip { inflated.write_all(&data)? } else { head.write_all(&data)? }
        }
        let Head(head) = if gzip { inflated.finish()? } else { head };
        let metadata = peek_list_metadata(encoding, &head).ok_or("a page without metadata")?;
        // What the first page says of all: the last one need not be full.
        let left = metadata.remaining_item_count.unwrap_or(0);
        pods = pods.max(u64::try_from(left)? + 500);
        token = metadata.continue_token;
        if token.is_empty() {
            return Ok(pods);
        }
    }
}

/// Keeps the beginning of what is written and throws the rest away.
#[derive(Default)]
struct Head(Vec<u8>);

impl Write for Head {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let room = 1024_usize.saturating_sub(self.0.len());
        self.0.extend_from_slice(data.get(..room).unwrap_or(data));
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The size of the body of a list of all pods.
pub(crate) async fn page_bytes(kubeconfig: &Path, accept: &str) -> Result<usize, Failure> {
    let client = plain_client(kubeconfig).await?;
    let request = Request::get("/api/v1/pods").header(ACCEPT, accept).body(kube::client::Body::empty())?;
    Ok(client.send(request).await?.into_body().collect().await?.to_bytes().len())
}

/// The function's own path, from the listing to the report.
async fn ours(kubeconfig: &Path, rules: &[RuleName]) -> Result<u64, Failure> {
    let client = KubernetesClient::from_kubeconfig(Some(kubeconfig), CLUSTER).await.map_err(|error| chain(&error))?;
    let source = ClusterSource::from(client);
    let configurations = rules.iter().map(|rule| configuration(*rule)).collect::<Result<Vec<_>, _>>()?;
    let scene = Scene {
        source: Source::Cluster,
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        now: Timestamp::now(),
        default_grace_seconds: 60,
    };
    let start =
        || -> Result<Vec<Judge>, ParameterError> { configurations.iter().map(|one| one.judge(&scene)).collect() };
    let pods = std::sync::atomic::AtomicU64::new(0);
    let on_page = |kind: Kind, count: u64, _left: Option<u64>| {
        if kind == Kind::Pod {
            pods.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        }
    };
    for outcome in read_cluster(&source, &start, &on_page).await? {
        let report = outcome.map_err(|error| chain(&*error))?;
        if !report.findings.is_empty() {
            return Err(format!("nothing should be found: {}", report.annotation).into());
        }
    }
    Ok(pods.into_inner())
}

fn configuration(rule: RuleName) -> Result<Configuration, Failure> {
    let mut given = json!({"excludedNamespaces": "kube-system,kube-public,kube-node-lease"});
    if rule == RuleName::TrustedRegCheck {
        given["trustedRegistries"] = json!("ecr:self,eks-addons,public.ecr.aws");
    }
    let mut parameters = RuleParameters::from_json(given.as_object().ok_or("not an object")?)?;
    Ok(Configuration::take(rule, &mut parameters)?)
}

async fn typed(kubeconfig: &Path) -> Result<u64, Failure> {
    let api: Api<Pod> = Api::all(plain_client(kubeconfig).await?);
    let (mut pods, mut parameters) = (0, ListParams::default().limit(500));
    loop {
        let page = api.list(&parameters).await?;
        pods += page.items.iter().filter(|pod| pod.metadata.name.is_some()).count() as u64;
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(&token),
            None => return Ok(pods),
        }
    }
}
