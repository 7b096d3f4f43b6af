//! `trustedChartSources` over the wire: Flux and Argo CD, in the versions in which a cluster serves them.

use acceptance::{Event, annotations, command_line, compliant, verdicts, world};
use eks_rules::RuleName;
use loopback::{ClusterSpec, ResourceKind, World};
use serde_json::{Value, json};

const TRUSTED: &str = "charts.example, github.com/example, ecr:self/charts";

fn event() -> Event {
    Event::schedule(RuleName::TrustedRegCheck).with("trustedChartSources", TRUSTED)
}

fn object(api_version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "delivery", "name": name}, "spec": spec})
}

fn repository(name: &str, url: &str) -> Value {
    object("source.toolkit.fluxcd.io/v1", "HelmRepository", name, &json!({"interval": "1h", "url": url}))
}

fn git(name: &str, url: &str) -> Value {
    object("source.toolkit.fluxcd.io/v1", "GitRepository", name, &json!({"interval": "1h", "url": url}))
}

fn release(name: &str, kind: &str, source: &str) -> Value {
    let reference = json!({"kind": kind, "name": source});
    let chart = json!({"spec": {"chart": "./app", "sourceRef": reference}});
    object("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, &json!({"interval": "1h", "chart": chart}))
}

fn application(name: &str, spec: &Value) -> Value {
    object("argoproj.io/v1alpha1", "Application", name, spec)
}

fn with(name: &str, objects: Vec<Value>) -> ClusterSpec {
    let mut cluster = compliant(name);
    cluster.objects.extend(objects);
    cluster
}

/// The lists that were asked for, of the kinds of groups that are not Kubernetes' own.
fn listed(world: &World) -> Vec<String> {
    let paths = world.kubernetes_requests().into_iter().map(|request| request.path);
    paths.filter(|path| path.starts_with("/apis/")).map(|path| path.split('?').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_source_of_flux_and_argo_cd_is_judged_by_the_function() {
    let private = "oci://111122223333.dkr.ecr.eu-west-1.amazonaws.com/charts";
    let world = world(vec![
        with("clean", vec![
            repository("stable", "https://charts.example/stable"),
            repository("private", private),
            git("apps", "ssh://git@github.com/example/apps"),
            git("manifests", "https://github.com/somebody/manifests"),
            release("apps", "GitRepository", "apps"),
            application("one", &json!({"source": {"repoURL": "https://charts.example", "chart": "one"}})),
            application("two", &json!({"sources": [
                {"repoURL": private, "chart": "two"}, {"repoURL": "https://github.com/somebody/values", "ref": "values"},
            ]})),
        ]),
        with("helm", vec![repository("stable", "https://charts.example.net/stable")]),
        with("oci", vec![object(
            "source.toolkit.fluxcd.io/v1", "OCIRepository", "app", &json!({"interval": "1h", "url": "oci://ghcr.io/somebody/app"}),
        )]),
        with("git", vec![git("apps", "https://github.com/somebody/apps"), release("apps", "GitRepository", "apps")]),
        with("single", vec![application("one", &json!({"source": {"repoURL": "https://charts.example.net", "chart": "one"}}))]),
        with("multiple", vec![application("two", &json!({"sources": [
            {"repoURL": "https://charts.example", "chart": "one"}, {"repoURL": "oci://ghcr.io/somebody/two", "path": "."},
        ]}))]),
        with("set", vec![object("argoproj.io/v1alpha1", "ApplicationSet", "all", &json!({
            "generators": [{"list": {"elements": [{"team": "a"}]}}],
            "template": {"metadata": {"name": "{{team}}"}, "spec": {"source": {"repoURL": "https://charts.example.net", "chart": "{{team}}"}}},
        }))]),
    ])
    .await;
    event().run(&world).await.succeeded();
    let told = annotations(&world);
    for (cluster, subject) in [
        ("helm", "delivery/HelmRepository/stable UntrustedChartSource https://charts.example.net/stable"),
        ("oci", "delivery/OCIRepository/app UntrustedChartSource oci://ghcr.io/somebody/app"),
        ("git", "delivery/GitRepository/apps UntrustedChartSource https://github.com/somebody/apps"),
        ("single", "delivery/Application/one UntrustedChartSource https://charts.example.net"),
        ("multiple", "delivery/Application/two UntrustedChartSource oci://ghcr.io/somebody/two"),
        ("set", "delivery/ApplicationSet/all UntrustedChartSource https://charts.example.net"),
    ] {
        assert_eq!(verdicts(&world)[cluster], "NON_COMPLIANT", "{cluster}");
        assert!(told[cluster].contains(&format!("not trusted: {subject}.")), "{cluster}: {}", told[cluster]);
    }
    assert_eq!(verdicts(&world)["clean"], "COMPLIANT");
    let clean = "1 image of 1 pod in 2 namespaces, 5 chart sources: all trusted.";
    assert!(told["clean"].starts_with(clean), "{}", told["clean"]);
}

#[tokio::test]
async fn without_the_parameter_no_chart_source_is_read() {
    let world = world(vec![with("alpha", vec![repository("stable", "https://charts.example.net")])]).await;
    Event::schedule(RuleName::TrustedRegCheck).run(&world).await.succeeded();
    assert_eq!((verdicts(&world)["alpha"].as_str(), listed(&world)), ("COMPLIANT", vec![]));
}

#[tokio::test]
async fn what_a_cluster_does_not_serve_is_nothing_to_speak_of() {
    let world = world(vec![compliant("alpha")]).await;
    event().run(&world).await.succeeded();
    assert_eq!(listed(&world), [""; 0]);
    assert!(annotations(&world)["alpha"].contains("0 chart sources: all trusted"), "{:?}", annotations(&world));
    assert!(!annotations(&world)["alpha"].contains("may not"), "{:?}", annotations(&world));
}

#[tokio::test]
async fn what_may_not_be_listed_is_a_note_and_the_rest_is_judged() {
    let denied = |resources: &[&str], cluster: ClusterSpec| ClusterSpec {
        denied: resources.iter().map(|resource| (*resource).to_owned()).collect(),
        ..cluster
    };
    let sources = || {
        vec![
            repository("stable", "https://charts.example.net"),
            application("one", &json!({"source": {"repoURL": "https://charts.example", "chart": "one"}})),
        ]
    };
    let world = world(vec![
        denied(&["helmrepositories"], with("flux", sources())),
        denied(&["applications"], with("argo", sources())),
    ])
    .await;
    event().run(&world).await.succeeded();
    let note = "chart sources not judged, as they may not be listed: ";
    assert_eq!(verdicts(&world)["flux"], "COMPLIANT");
    assert!(annotations(&world)["flux"].contains(&format!("{note}helmrepositories.")), "{:?}", annotations(&world));
    assert_eq!(verdicts(&world)["argo"], "NON_COMPLIANT");
    assert!(annotations(&world)["argo"].contains(&format!("{note}applications.")), "{:?}", annotations(&world));
}

#[tokio::test]
async fn a_kind_is_found_in_the_version_in_which_it_is_served_though_its_group_has_newer_ones() {
    let spec = json!({"interval": "1h", "url": "oci://ghcr.io/somebody/app"});
    let old = object("source.toolkit.fluxcd.io/v1beta2", "OCIRepository", "app", &spec);
    let newer = ResourceKind::new("source.toolkit.fluxcd.io", "v1", "GitRepository", true);
    let world = world(vec![ClusterSpec { served: vec![newer], ..with("alpha", vec![old]) }]).await;
    event().run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT");
    let lists = listed(&world);
    let of = |version: &str| format!("/apis/source.toolkit.fluxcd.io/{version}/ocirepositories");
    assert!(lists.contains(&of("v1")) && lists.contains(&of("v1beta2")), "{lists:?}");
}

#[tokio::test]
async fn excluded_namespaces_and_exemptions_hold_for_chart_sources() {
    let clusters = || vec![with("alpha", vec![repository("stable", "https://charts.example.net")])];
    let exempt = |name: &str| {
        json!([{"namespace": "delivery", "owner": {"kind": "HelmRepository", "name": name}, "reason": "agreed"}])
            .to_string()
    };
    for (event, verdict) in [
        (event().with("excludedNamespaces", "deliver*"), "COMPLIANT"),
        (event().with("excludedNamespaces", "shop"), "NON_COMPLIANT"),
        (event().with("exemptions", &exempt("stable")), "COMPLIANT"),
        (event().with("exemptions", &exempt("other")), "NON_COMPLIANT"),
    ] {
        let world = world(clusters()).await;
        event.run(&world).await.succeeded();
        assert_eq!(verdicts(&world)["alpha"], verdict, "{event:?}");
    }
}

#[tokio::test]
async fn credentials_in_a_url_get_nowhere_and_no_secret_is_asked_for() {
    let url = "https://robot:pa55word@charts.example.net/stable?token=t0ken";
    let bad = "https://robot:pa55word@charts.example.net:port/stable";
    let sources = json!({"sources": [{"repoURL": url, "chart": "one"}, {"repoURL": bad, "chart": "two"}]});
    let world = world(vec![with("alpha", vec![repository("stable", url), application("app", &sources)])]).await;
    let run = event().run(&world).await;
    run.succeeded();
    let output = command_line(
        &world,
        &[
            "judge",
            "trustedRegCheck",
            "--cluster",
            "alpha",
            "--output",
            "json",
            "--no-progress",
            "--parameters",
            &json!({"trustedRegistries": "public.ecr.aws", "trustedChartSources": TRUSTED}).to_string(),
        ],
    )
    .output()
    .await
    .unwrap();
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sources: Vec<&str> =
        judged[0]["findings"].as_array().unwrap().iter().map(|finding| finding["source"].as_str().unwrap()).collect();
    assert_eq!(
        sources,
        ["https://charts.example.net/stable", "…@charts.example.net:port/stable", "https://charts.example.net/stable"]
    );
    let logged = run.log().into_iter().filter(|line| line["message"] == "finding");
    assert_eq!(
        logged.filter(|line| line["source"].as_str().is_some_and(|source| sources.contains(&source))).count(),
        3
    );
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let told = format!("{}{}{printed}{:?}", run.invocation.stdout, run.invocation.stderr, world.put_calls());
    for secret in ["pa55word", "t0ken", "robot"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    assert!(world.kubernetes_requests().iter().all(|request| !request.path.contains("secrets")));
}
