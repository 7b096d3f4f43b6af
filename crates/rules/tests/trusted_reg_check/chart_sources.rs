//! `trustedChartSources`: which objects of Flux and Argo CD have a chart source, and what is said of it.

use eks_rules::{ComplianceType, Kind, Need, Reason, Report, decode_object};
use serde_json::{Value, json};

use crate::scene::{cluster, configuration, judge, manifests, only, pod};

/// A report on these objects under these entries.
fn report(entries: &str, objects: &[Value]) -> Report {
    report_with(&json!({"trustedChartSources": entries}), objects)
}

/// The same with further parameters.
fn report_with(parameters: &Value, objects: &[Value]) -> Report {
    let mut parameters = parameters.clone();
    parameters["trustedRegistries"] = json!("docker.io");
    let mut judge = judge(&parameters, &cluster());
    for object in objects {
        let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let kind = Kind::of(version, kind).unwrap_or_else(|| panic!("{version} {kind} is not known"));
        decode_object(kind, object, &mut |object| judge.observe(object)).unwrap();
    }
    judge.report()
}

/// What was found, each as `NAMESPACE/KIND/NAME URL`.
fn found(report: &Report) -> Vec<String> {
    let finding = report.findings.iter().map(|finding| {
        assert_eq!(finding.reasons, [Reason::UntrustedChartSource]);
        let owner = finding.owner.as_ref().unwrap();
        let (namespace, source) = (finding.namespace.as_deref().unwrap(), finding.source.as_deref().unwrap());
        format!("{namespace}/{}/{} {source}", owner.kind, owner.name)
    });
    finding.collect()
}

fn flux(kind: &str, name: &str, spec: &Value) -> Value {
    let group = if kind == "HelmRelease" { "helm.toolkit.fluxcd.io/v2" } else { "source.toolkit.fluxcd.io/v1" };
    json!({"apiVersion": group, "kind": kind, "metadata": {"namespace": "flux-system", "name": name}, "spec": spec})
}

fn repository(url: &str) -> Value {
    flux("HelmRepository", "charts", &json!({"url": url, "interval": "1h"}))
}

fn argo(kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"namespace": "argocd", "name": "shop"}, "spec": spec})
}

fn application_set(source: &Value) -> Value {
    argo(
        "ApplicationSet",
        &json!({"generators": [{"list": {"elements": []}}], "template": {"spec": {"source": source}}}),
    )
}

const EVIL: &str = "https://evil.example/charts";

#[test]
fn without_the_parameter_nothing_of_charts_is_read_or_said() {
    let judge = judge(&json!({"trustedRegistries": "docker.io"}), &cluster());
    assert_eq!(judge.reads().iter().map(|read| read.kind).collect::<Vec<_>>(), [Kind::Pod]);
    let report = report_with(&json!({}), &[repository(EVIL)]);
    assert_eq!((found(&report), report.notes), (vec![], vec![]));
}

#[test]
fn with_the_parameter_each_kind_is_read_where_it_may_be_and_pods_last() {
    let judge = judge(&json!({"trustedRegistries": "docker.io", "trustedChartSources": "a.example"}), &cluster());
    let reads = judge.reads();
    let kinds: Vec<Kind> = reads.iter().map(|read| read.kind).collect();
    assert_eq!(kinds, [&Kind::OF_CHARTS[..], &[Kind::Pod]].concat());
    assert!(reads[..7].iter().all(|read| read.need == Need::IfReadable));
}

#[test]
fn a_helm_repository_that_no_entry_trusts_is_a_finding_with_every_field() {
    let report = report("charts.example, ecr:self", &[repository(EVIL)]);
    assert_eq!(report.compliance_type, ComplianceType::NonCompliant);
    assert_eq!(
        serde_json::to_value(only(&report)).unwrap(),
        json!({
            "namespace": "flux-system", "owner": {"kind": "HelmRepository", "name": "charts"}, "pod": null, "pods": null,
            "container": null, "containerKind": null, "reasons": ["UntrustedChartSource"], "image": null,
            "source": EVIL, "mirror": null, "workloads": null,
            "advice": "Mirror the chart to a trusted source (charts.example, ecr:self) and name that in spec.url, or add \
                       evil.example/charts to trustedChartSources.",
        })
    );
    assert_eq!(
        report.annotation,
        "1 of 1 chart source not trusted: flux-system/HelmRepository/charts UntrustedChartSource \
         https://evil.example/charts."
    );
}

#[test]
fn what_is_trusted_is_told_in_numbers() {
    let objects = [repository("https://charts.example/stable"), {
        let mut pod = pod("nginx");
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        pod["status"]["containerStatuses"] = json!([{"name": "app", "imageID": "docker.io/library/nginx@sha256:x"}]);
        pod
    }];
    let report = report("charts.example", &objects);
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert!(
        report.annotation.starts_with("1 image of 1 pod in 2 namespaces, 1 chart source: all trusted."),
        "{}",
        report.annotation
    );
}

#[test]
fn helm_and_oci_repositories_are_judged_whether_or_not_anything_uses_them() {
    let oci = flux("OCIRepository", "podinfo", &json!({"url": "oci://ghcr.io/evil/podinfo"}));
    let typed = flux("HelmRepository", "typed", &json!({"url": "oci://ghcr.io/evil/charts", "type": "oci"}));
    let expected = [
        "flux-system/HelmRepository/charts https://evil.example/charts",
        "flux-system/HelmRepository/typed oci://ghcr.io/evil/charts",
        "flux-system/OCIRepository/podinfo oci://ghcr.io/evil/podinfo",
    ];
    assert_eq!(found(&report("ghcr.io/good", &[oci, typed, repository(EVIL)])), expected);
}

#[test]
fn a_git_repository_is_judged_where_a_chart_comes_from_it_and_only_there() {
    let git = || flux("GitRepository", "monorepo", &json!({"url": "https://github.com/evil/monorepo"}));
    let expected = ["flux-system/GitRepository/monorepo https://github.com/evil/monorepo"];
    let release = |namespace: &str, reference: Value| {
        let mut release =
            flux("HelmRelease", "app", &json!({"chart": {"spec": {"chart": "./app", "sourceRef": reference}}}));
        release["metadata"]["namespace"] = json!(namespace);
        release
    };
    let chart = |name: &str| {
        flux("HelmChart", "app", &json!({"chart": "./app", "sourceRef": {"kind": "GitRepository", "name": name}}))
    };
    assert_eq!(found(&report("a.example", &[git()])), [""; 0], "nothing takes a chart from it");
    let here = json!({"kind": "GitRepository", "name": "monorepo"});
    let across = json!({"kind": "GitRepository", "name": "monorepo", "namespace": "flux-system"});
    for (name, users, used) in [
        ("a release beside it", vec![release("flux-system", here.clone())], true),
        ("a release of another namespace, by its own", vec![release("shop", here)], false),
        ("a release of another namespace, across", vec![release("shop", across)], true),
        (
            "a release of another repository",
            vec![release("flux-system", json!({"kind": "GitRepository", "name": "x"}))],
            false,
        ),
        (
            "a release of a HelmRepository of its name",
            vec![release("flux-system", json!({"kind": "HelmRepository", "name": "monorepo"}))],
            false,
        ),
        ("a HelmChart, which a release names in chartRef", vec![chart("monorepo")], true),
        ("a HelmChart of another", vec![chart("other")], false),
    ] {
        let expected: &[&str] = if used { &expected } else { &[] };
        let first = report("a.example", &[&users[..], &[git()]].concat());
        let last = report("a.example", &[&[git()], &users[..]].concat());
        assert_eq!(
            (found(&first), found(&last)),
            (expected.iter().map(|it| (*it).to_owned()).collect(), found(&first)),
            "{name}"
        );
    }
}

#[test]
fn an_application_is_judged_by_its_charts_and_not_by_its_directories() {
    let rows = [
        (json!({"source": {"repoURL": EVIL, "chart": "app"}}), vec![EVIL]),
        (json!({"source": {"repoURL": "https://github.com/evil/x", "path": "charts/app"}}), vec![]),
        (json!({"source": {"repoURL": "oci://evil.example/app", "path": "."}}), vec!["oci://evil.example/app"]),
        (json!({"source": {"repoURL": "OCI://evil.example/app"}}), vec!["oci://evil.example/app"]),
        (json!({"source": {"repoURL": "evil.example/charts", "chart": "app"}}), vec!["evil.example/charts"]),
        (
            json!({"sources": [
                {"repoURL": EVIL, "chart": "one"},
                {"repoURL": "oci://evil.example/two"},
                {"repoURL": "https://charts.example", "chart": "three"},
                {"repoURL": "https://github.com/evil/values", "ref": "values"},
            ]}),
            vec![EVIL, "oci://evil.example/two"],
        ),
        (
            json!({"source": {"repoURL": EVIL, "chart": "a"}, "sources": [{"repoURL": "https://b.evil", "chart": "b"}]}),
            vec!["https://b.evil", EVIL],
        ),
        (json!({"source": {"chart": "app"}}), vec![""]),
        (json!({}), vec![]),
    ];
    for (spec, expected) in rows {
        let report = report("charts.example", &[argo("Application", &spec)]);
        let expected: Vec<String> = expected.iter().map(|url| format!("argocd/Application/shop {url}")).collect();
        assert_eq!(found(&report), expected, "{spec}");
    }
}

#[test]
fn an_application_set_is_judged_by_its_template() {
    let source = json!({"repoURL": EVIL, "chart": "{{.chart}}", "targetRevision": "{{.version}}"});
    assert_eq!(
        found(&report("charts.example", &[application_set(&source)])),
        [format!("argocd/ApplicationSet/shop {EVIL}")]
    );
    let several = argo(
        "ApplicationSet",
        &json!({"template": {"spec": {"sources": [source, {"repoURL": "https://github.com/x", "path": "y"}]}}}),
    );
    assert_eq!(found(&report("charts.example", &[several])).len(), 1);
}

#[test]
fn a_template_of_a_generator_counts_too_however_deep_it_stands() {
    let set = |generators: Value, source: Value| {
        argo("ApplicationSet", &json!({"generators": generators, "template": {"spec": {"source": source}}}))
    };
    let trusted = || json!({"repoURL": "https://charts.example", "chart": "app"});
    let over = |source: Value| json!({"template": {"spec": {"source": source}}});
    let list = json!([{"list": over(json!({"repoURL": EVIL, "chart": "app"}))}]);
    let matrix = json!([{"matrix": {"generators": [{"git": {}}, {"list": over(json!({"repoURL": EVIL}))}]}}]);
    let chart_alone = json!([{"clusters": over(json!({"chart": "app"}))}]);
    let expected = [format!("argocd/ApplicationSet/shop {EVIL}")];
    assert_eq!(found(&report("charts.example", &[set(list, trusted())])), expected);
    assert_eq!(
        found(&report("charts.example", &[set(matrix, trusted())])),
        expected,
        "the chart is the other template's"
    );
    let git = json!({"repoURL": EVIL, "path": "x"});
    assert_eq!(found(&report("charts.example", &[set(chart_alone, git)])), expected, "the URL is the other template's");
}

#[test]
fn what_cannot_be_judged_is_a_note_that_names_it_and_never_silently_trusted() {
    let templated =
        "chart sources of 1 object not judged, as they have a repoURL with {{…}}: argocd/ApplicationSet/shop";
    for (source, note) in [
        (json!({"repoURL": "{{.url}}", "chart": "app"}), Some(templated)),
        (json!({"repoURL": "https://charts.example/{{.team}}", "chart": "app"}), Some(templated)),
        (json!({"repoURL": "oci://ghcr.io/{{team}}/app"}), Some(templated)),
        (json!({"repoURL": "{{.url}}", "path": "app"}), Some(templated)),
        (json!({"repoURL": "https://github.com/{{.team}}/app", "path": "app"}), None),
    ] {
        let report = report("charts.example,ghcr.io", &[application_set(&source)]);
        assert_eq!(
            report.notes.iter().map(String::as_str).collect::<Vec<_>>(),
            note.into_iter().collect::<Vec<_>>(),
            "{source}"
        );
        assert_eq!(report.findings, [], "{source}");
        assert_eq!(note.is_some(), report.annotation.contains("not judged"), "{}", report.annotation);
    }
    let patched = argo("ApplicationSet", &json!({"templatePatch": "spec:\n  source: {{ toJson .source }}\n"}));
    let bucket =
        flux("HelmRelease", "app", &json!({"chart": {"spec": {"sourceRef": {"kind": "Bucket", "name": "b"}}}}));
    let report = report("charts.example", &[patched, bucket]);
    assert_eq!(
        report.notes,
        [
            "chart sources of 1 object not judged, as they have a source of another kind: flux-system/HelmRelease/app",
            "chart sources of 1 object not judged, as they have a templatePatch: argocd/ApplicationSet/shop",
        ]
    );
}

#[test]
fn a_kind_that_may_not_be_listed_is_a_note() {
    let mut judge = judge(&json!({"trustedRegistries": "docker.io", "trustedChartSources": "a.example"}), &cluster());
    judge.forbidden(Kind::HelmRelease);
    judge.forbidden(Kind::ArgoApplication);
    let report = judge.report();
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert_eq!(report.notes, ["chart sources not judged, as they may not be listed: helmreleases, applications"]);
    assert!(report.annotation.contains("may not be listed"), "{}", report.annotation);
}

#[test]
fn two_sources_of_one_application_are_two_findings_and_the_same_source_twice_is_one() {
    let sources = json!({"sources": [
        {"repoURL": EVIL, "chart": "one"}, {"repoURL": EVIL, "chart": "two"}, {"repoURL": "https://evil.example/more", "chart": "three"},
    ]});
    let report = report("a.example", &[argo("Application", &sources)]);
    assert_eq!(
        found(&report),
        [format!("argocd/Application/shop {EVIL}"), "argocd/Application/shop https://evil.example/more".to_owned()]
    );
    assert!(report.annotation.starts_with("2 of 2 chart sources not trusted: "), "{}", report.annotation);
}

#[test]
fn images_and_chart_sources_are_told_together_and_in_one_order() {
    let mut pod = pod("quay.io/evil/x");
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["namespace"] = json!("bazaar");
    let sources = argo("Application", &json!({"source": {"repoURL": EVIL, "chart": "one"}}));
    let report = report("a.example", &[repository(EVIL), pod, sources]);
    let namespaces: Vec<&str> = report.findings.iter().map(|finding| finding.namespace.as_deref().unwrap()).collect();
    assert_eq!(namespaces, ["argocd", "bazaar", "flux-system"]);
    let start = "1 of 1 image not trusted, in 1 subject; 2 of 2 chart sources not trusted: ";
    assert!(report.annotation.starts_with(start), "{}", report.annotation);
}

#[test]
fn an_excluded_namespace_is_not_judged_and_a_release_in_one_still_uses_what_lies_elsewhere() {
    let mut parameters = json!({"trustedChartSources": "a.example", "excludedNamespaces": "flux-system"});
    let report = report_with(
        &parameters,
        &[repository(EVIL), argo("Application", &json!({"source": {"repoURL": EVIL, "chart": "x"}}))],
    );
    assert_eq!(found(&report), [format!("argocd/Application/shop {EVIL}")]);
    assert_eq!(report.counts.excluded_namespaces, 1);
    parameters["excludedNamespaces"] = json!("shop");
    let git = flux("GitRepository", "monorepo", &json!({"url": "https://github.com/evil/monorepo"}));
    let reference = json!({"kind": "GitRepository", "name": "monorepo", "namespace": "flux-system"});
    let mut release = flux("HelmRelease", "app", &json!({"chart": {"spec": {"sourceRef": reference}}}));
    release["metadata"]["namespace"] = json!("shop");
    assert_eq!(found(&report_with(&parameters, &[git, release])).len(), 1);
}

#[test]
fn an_exemption_holds_for_the_object_by_kind_and_name_or_for_its_namespace() {
    let exempt = |part: Value| {
        let mut exemption = json!({"namespace": "flux-system", "reason": "agreed"});
        exemption.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        json!({"trustedChartSources": "a.example", "exemptions": json!([exemption]).to_string()})
    };
    for (part, exempted) in [
        (json!({}), true),
        (json!({"owner": {"kind": "HelmRepository", "name": "charts"}}), true),
        (json!({"owner": {"kind": "HelmRepository", "name": "chart"}}), false),
        (json!({"owner": {"kind": "OCIRepository", "name": "charts"}}), false),
        (json!({"namespace": "flux"}), false),
        (json!({"container": "charts"}), false),
        (json!({"pod": "charts"}), false),
        (json!({"rules": ["privEscalation"]}), false),
    ] {
        let report = report_with(&exempt(part.clone()), &[repository(EVIL)]);
        assert_eq!(report.findings.is_empty(), exempted, "{part}");
        assert_eq!(report.counts.exempted, u64::from(exempted), "{part}");
        if exempted {
            let start = "0 images of 0 pods in 1 namespace, 1 chart source: all trusted, or exempt. 1 exempted.";
            assert_eq!(report.annotation, start);
        }
    }
}

#[test]
fn user_password_and_query_are_never_told() {
    let rows = [
        ("https://user:s3cret@evil.example/charts", "https://evil.example/charts"),
        ("https://s3cret@evil.example/charts?token=s3cret#s3cret", "https://evil.example/charts"),
        ("oci://user:pa@s3cret@evil.example/charts", "oci://evil.example/charts"),
        ("s3cret@evil.example:charts/x", "evil.example:charts/x"),
        ("https://user:s3cret/x@evil.example/charts", "…@evil.example/charts"),
        ("https://user:s3cret?x@evil.example/charts?s3cret", "…@evil.example/charts"),
        ("https://user:s3cret%40evil.example/charts", "…@evil.example/charts"),
        ("user:s3cret@evil.example/charts", "…@evil.example/charts"),
        ("ftp://user:s3cret@evil.example/charts", "…@evil.example/charts"),
        ("https://user:s3cret @evil.example/charts", "…@evil.example/charts"),
    ];
    for (url, shown) in rows {
        for object in [repository(url), argo("Application", &json!({"source": {"repoURL": url, "chart": "x"}}))] {
            let report = report("charts.example", &[object]);
            assert_eq!(only(&report).source.as_deref(), Some(shown), "{url}");
            assert!(!format!("{report:?}").contains("s3cret"), "{report:?}");
        }
    }
}

#[test]
fn a_text_that_is_no_url_is_a_finding_that_says_why() {
    let characters = "it has spaces, control characters, backslashes or letters beyond ASCII";
    let path = "its path has . or .. as a segment, or an escaped slash, backslash or percent sign";
    for (url, why) in [
        ("", "it is empty"),
        ("https://charts.example/a b", characters),
        ("https://charts.example\\@evil.example", characters),
        ("https://chärts.example", characters),
        ("s3://charts.example/x", "its scheme is none of oci, https, http, ssh and git"),
        ("file:///charts", "its scheme is none of oci, https, http, ssh and git"),
        ("https:///charts.example", "its host is no host name, IPv4 address or bracketed IPv6 address"),
        ("https://-a.example", "its host is no host name, IPv4 address or bracketed IPv6 address"),
        ("https://charts.example:x/y", "its port is no number from 1 to 65535"),
        ("https://charts.example:0/y", "its port is no number from 1 to 65535"),
        ("https://charts.example:65536/y", "its port is no number from 1 to 65535"),
        (
            "https://charts.example/@scope/x",
            "it has an @ behind its host, so that it is not certain where the host stands",
        ),
        ("https://charts.example/a/../b", path),
        ("https://charts.example/a/./b", path),
        ("https://charts.example/a/%2e%2E/b", path),
        ("https://charts.example/a%2Fb", path),
        ("https://charts.example/a%5cb", path),
        ("https://charts.example/a%252Fb", path),
        ("https://charts.example/a%zz", path),
    ] {
        let report = report("charts.example,evil.example", &[repository(url)]);
        assert_eq!(only(&report).advice, format!("Correct spec.url, SCHEME://HOST[:PORT]/PATH: {why}."), "{url}");
    }
}

#[track_caller]
fn trusts(entries: &str, urls: &[&str]) {
    for url in urls {
        assert_eq!(found(&report(entries, &[repository(url)])), [""; 0], "{url} under {entries}");
    }
}

#[track_caller]
fn does_not_trust(entries: &str, urls: &[&str]) {
    for url in urls {
        assert_eq!(found(&report(entries, &[repository(url)])).len(), 1, "{url} under {entries}");
    }
}

#[test]
fn scheme_user_query_and_fragment_are_left_out() {
    trusts(
        "charts.example",
        &[
            "https://charts.example",
            "http://charts.example/",
            "oci://charts.example/x",
            "ssh://git@charts.example/x",
            "git://charts.example/x",
            "HTTPS://charts.example",
            "https://user:pass@charts.example/x?y=z#a",
            "https://charts.example?x",
        ],
    );
    trusts(
        "github.com/org",
        &[
            "git@github.com:org/repo",
            "git@github.com:/org/repo.git",
            "ssh://git@github.com/org/repo",
            "github.com:org/repo",
        ],
    );
    does_not_trust(
        "charts.example",
        &[
            "https://charts.example@evil.example",
            "https://evil.example/charts.example",
            "charts.example@evil.example:x",
        ],
    );
}

#[test]
fn hosts_are_compared_without_case_and_paths_with_it() {
    trusts("Charts.Example/Org", &["https://CHARTS.example/Org/x"]);
    does_not_trust("charts.example/org", &["https://charts.example/Org/x", "https://charts.example/ORG"]);
    trusts("github.com/Azure", &["https://github.com/Azure/charts"]);
}

#[test]
fn the_default_port_of_the_scheme_is_no_other_port() {
    trusts(
        "a.example",
        &["https://a.example:443/x", "http://a.example:80", "oci://a.example:443/x", "ssh://a.example:22/x"],
    );
    does_not_trust(
        "a.example",
        &["https://a.example:80", "http://a.example:443", "oci://a.example:5000/x", "ssh://a.example:443/x"],
    );
    trusts("a.example:8443", &["https://a.example:8443/x", "a.example:8443/x"]);
    does_not_trust("a.example:8443", &["https://a.example/x", "https://a.example:84430/x"]);
    trusts("a.example:443", &["https://a.example/x", "http://a.example:443"]);
    does_not_trust("a.example:443", &["http://a.example"]);
    trusts("chartmuseum:80", &["http://chartmuseum/x"]);
    trusts("[::1]:5000", &["oci://[::1]:5000/x"]);
    trusts("[fd00::]:5000", &["oci://[fd00::]:5000/x"]);
    trusts("[fd00::]", &["https://[fd00::]/x"]);
}

#[test]
fn a_path_is_trusted_with_what_lies_under_it_on_segment_borders() {
    trusts(
        "a.example/org/team",
        &[
            "https://a.example/org/team",
            "https://a.example/org/team/",
            "https://a.example/org/team/x",
            "https://a.example/org/te%61m/x",
        ],
    );
    does_not_trust(
        "a.example/org/team",
        &[
            "https://a.example/org",
            "https://a.example/org/team2",
            "https://a.example/org/team-evil/x",
            "https://a.example//org/team",
            "https://a.example/x/org/team",
        ],
    );
}

#[test]
fn a_subdomain_is_one_label_below() {
    trusts("*.a.example", &["https://x.a.example", "oci://y.a.example/z"]);
    does_not_trust(
        "*.a.example",
        &[
            "https://a.example",
            "https://x.y.a.example",
            "https://xa.example",
            "https://x.a.example:8443",
            "https://x.a.example.evil",
        ],
    );
    trusts("*.a.example/org", &["https://x.a.example/org/z"]);
}

#[test]
fn nothing_is_added_for_docker_hub_but_its_names_are_one_registry() {
    trusts(
        "docker.io/bitnamicharts",
        &["oci://registry-1.docker.io/bitnamicharts", "oci://docker.io/bitnamicharts/nginx"],
    );
    trusts("registry-1.docker.io/bitnamicharts", &["oci://docker.io/bitnamicharts/nginx"]);
    does_not_trust("docker.io/library", &["oci://docker.io/nginx"]);
    does_not_trust("docker.io", &["oci://nginx", "nginx", "library/nginx", "https://registry-1.docker.io/x"]);
}

#[test]
fn ecr_entries_trust_oci_alone() {
    let ecr = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    for entry in ["ecr:123456789012", "ecr:self", "ecr:123456789012/eu-central-1", "ecr:self/charts"] {
        trusts(entry, &[&format!("oci://{ecr}/charts"), &format!("oci://{ecr}/charts/x"), &format!("{ecr}/charts")]);
        trusts(entry, &["oci://123456789012.dkr-ecr-fips.eu-central-1.on.aws/charts"]);
        does_not_trust(
            entry,
            &[
                &format!("https://{ecr}/charts"),
                &format!("oci://{ecr}.evil.example/charts"),
                &format!("oci://{ecr}:5000/charts"),
            ],
        );
        does_not_trust(entry, &["oci://210987654321.dkr.ecr.eu-central-1.amazonaws.com/charts"]);
    }
    does_not_trust("ecr:self/charts", &[&format!("oci://{ecr}/charts2"), &format!("oci://{ecr}/x")]);
    does_not_trust("ecr:self/us-east-1x", &[&format!("oci://{ecr}/charts")]);
    trusts("eks-addons", &["oci://602401143452.dkr.ecr.eu-central-1.amazonaws.com/x"]);
    does_not_trust("eks-addons", &["oci://602401143452.dkr.ecr.us-east-1.amazonaws.com/x"]);
}

#[test]
fn an_entry_of_no_form_is_an_error_that_says_what_was_probably_meant() {
    for (entry, why) in [
        ("https://charts.example", "without the scheme https://, as in charts.example"),
        ("git@github.com:org", "an entry has neither user nor digest: github.com/org"),
        ("charts.example/", "without the slash at its end: charts.example"),
        ("charts.example/*", "all that lies under it is meant anyway, without /*: charts.example"),
        ("charts.example/a:1", "an entry has no tag: the path would be a"),
        ("charts.example/a/../b", "\"a/../b\" is no path of a chart source"),
        ("charts.example/a b", "\"a b\" is no path of a chart source"),
        ("bitnami", "\"bitnami\" is no host with an optional port (localhost, or a name with . or :)"),
        ("a.example:x", "\"a.example:x\" is no host with an optional port (localhost, or a name with . or :)"),
        ("a.*.example", "* stands only in front, for one whole label of a host: *.DOMAIN"),
        ("*.a.example:80", "\"a.example:80\" is no domain: a host name without port or another *"),
        ("ecr:1", "\"1\" is no account: ecr: wants its twelve digits, or self"),
        ("ECR:self", "in lower case: ecr:self"),
    ] {
        let error =
            configuration(&json!({"trustedRegistries": "docker.io", "trustedChartSources": entry})).unwrap_err();
        assert_eq!((error.parameter.as_str(), error.given), ("trustedChartSources", format!("{entry:?}")));
        assert!(error.allowed.ends_with(&format!("; {why}")), "{entry}: {}", error.allowed);
    }
    let error = configuration(&json!({"trustedRegistries": "docker.io", "trustedChartSources": ", ,"})).unwrap_err();
    assert!(error.allowed.starts_with("a comma list of at least one chart source"), "{error}");
}

#[test]
fn the_own_account_must_be_known_where_an_entry_names_it() {
    let configuration =
        configuration(&json!({"trustedRegistries": "docker.io", "trustedChartSources": "ecr:self"})).unwrap();
    let error = configuration.judge(&manifests()).unwrap_err();
    assert_eq!(error.parameter, "trustedChartSources");
}

#[test]
fn an_application_set_whose_generators_have_templates_without_charts_has_no_chart_source() {
    let git = |url: &str| json!({"repoURL": url, "path": "app"});
    let generators = json!([{"list": {"template": {"spec": {"source": git("https://github.com/{{.team}}/app")}}}}]);
    let set = argo("ApplicationSet", &json!({"generators": generators, "template": {"spec": {"source": git(EVIL)}}}));
    let report = report("charts.example", &[set]);
    assert_eq!((found(&report), report.notes), (vec![], vec![]));
}

#[test]
fn a_reference_without_a_kind_is_none() {
    let release = flux("HelmRelease", "app", &json!({"chart": {"spec": {"sourceRef": {"name": "b"}}}}));
    assert_eq!(report("charts.example", &[release]).notes, [""; 0]);
}

#[test]
fn a_few_objects_that_are_not_judged_are_named_and_the_others_are_counted() {
    let note = |number: usize| {
        let patched: Vec<Value> = (0..number)
            .map(|number| {
                let mut set = argo("ApplicationSet", &json!({"templatePatch": "x"}));
                set["metadata"]["name"] = json!(format!("s{number}"));
                set
            })
            .collect();
        report("charts.example", &patched).notes.remove(0).rsplit_once(": ").unwrap().1.to_owned()
    };
    let three = "argocd/ApplicationSet/s0, argocd/ApplicationSet/s1, argocd/ApplicationSet/s2";
    assert_eq!(note(1), "argocd/ApplicationSet/s0");
    assert_eq!(note(3), three);
    assert_eq!(note(4), format!("{three} and 1 more"));
    assert_eq!(note(5), format!("{three} and 2 more"));
}
