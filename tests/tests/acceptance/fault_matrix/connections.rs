//! Faults before there is a request: no connection, or no TLS with the cluster.

use std::time::Duration;

use acceptance::{Event, compliant, options, verdicts, world};
use eks_rules::RuleName;
use loopback::{ClusterSpec, EndpointKind, InvokeOptions};

const NO_CONNECTION: &[&str] = &["connect: no connection to the Kubernetes API: ", "VpcConfig", "publicAccessCidrs"];
const NO_TLS: &[&str] = &["TLS: TLS with the Kubernetes API failed: ", "a proxy opens TLS"];

/// What an endpoint does, and the words in which it is told.
const ENDPOINTS: [(&str, EndpointKind, &[&str]); 4] = [
    ("refused", EndpointKind::Unreachable, NO_CONNECTION),
    ("silent", EndpointKind::Silent, NO_CONNECTION),
    ("other-authority", EndpointKind::WrongCa, NO_TLS),
    ("other-host", EndpointKind::WrongHost, NO_TLS),
];

#[tokio::test]
async fn each_is_told_with_its_advice_and_the_others_are_reported() {
    let mut clusters: Vec<ClusterSpec> =
        ENDPOINTS.iter().map(|(name, endpoint, _)| ClusterSpec { endpoint: *endpoint, ..compliant(name) }).collect();
    // A client that speaks HTTP/1.1 asks for nothing by ALPN, so that nothing can be refused.
    clusters.push(ClusterSpec { endpoint: EndpointKind::Http2Alone, ..compliant("http2-alone") });
    clusters.push(compliant("zz-beside"));
    let world = world(clusters).await;
    let within = InvokeOptions { deadline: Duration::from_secs(30), ..options() };
    let run = Event::schedule(RuleName::PrivEscalation).run_with(&world, within).await;
    let message = run.failed_with("ClustersNotJudged", &["4 of 6 clusters not judged: "]);
    for (name, _, parts) in ENDPOINTS {
        let (_, told) = message.split_once(&format!("{name}: ")).expect("every cluster is named");
        for part in parts {
            assert!(told.contains(part), "{name}: {part:?} is not in {told:?}");
        }
    }
    let said: Vec<_> = verdicts(&world).into_iter().collect();
    let compliant = |name: &str| (name.to_owned(), "COMPLIANT".to_owned());
    assert_eq!(said, [compliant("http2-alone"), compliant("zz-beside")]);
}
