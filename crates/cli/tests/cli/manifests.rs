use std::os::unix::fs::symlink;

use serde_json::json;

use crate::run::{Directory, judge, run, run_in, subjects, workload};

#[test]
fn an_object_without_a_namespace_is_in_default() {
    assert_eq!(subjects(&judge(&workload("apps/v1", "Deployment", "api"))), ["default/Deployment/api[app] 1"]);
    let empty = workload("apps/v1", "Deployment", "api").replace("  name: api", "  namespace: ''\n  name: api");
    assert_eq!(subjects(&judge(&empty)), ["default/Deployment/api[app] 1"]);
}

fn namespaces(manifests: &str) -> serde_json::Value {
    let run = run(&["judge", "netPolCheck", "-f", "-", "--output", "json"], manifests);
    json!([
        run.json()[0]["counts"]["namespaces"],
        run.json()[0]["findings"].as_array().unwrap().iter().map(|f| &f["namespace"]).collect::<Vec<_>>()
    ])
}

#[test]
fn namespaces_are_those_declared_and_those_named_each_once() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: web}\nspec: {containers: [{name: a}]}\n";
    let web = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    let empty = "apiVersion: v1\nkind: Namespace\nmetadata: {name: empty}\n";
    assert_eq!(namespaces(pod), json!([1, ["web"]]));
    assert_eq!(namespaces(&format!("{pod}---\n{web}---\n{empty}")), json!([2, ["empty", "web"]]));
    assert_eq!(namespaces(&format!("{web}---\n{pod}")), json!([1, ["web"]]));
}

#[test]
fn what_a_declared_namespace_says_holds_wherever_it_is_declared() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: web}\nspec: {podSelector: {}}\n";
    let terminating =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: gone, deletionTimestamp: '2024-01-01T00:00:00Z'}\n";
    let named = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: r, namespace: gone}\nspec: {replicas: 0}\n";
    assert_eq!(
        namespaces(&format!("{named}---\n{policy}---\n{terminating}")),
        json!([1, []]),
        "a terminating namespace is skipped"
    );
}

#[test]
fn a_namespace_that_is_declared_twice_is_all_that_is_said_of_it() {
    let terminating =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: gone, deletionTimestamp: '2024-01-01T00:00:00Z'}\n";
    let bare = "apiVersion: v1\nkind: Namespace\nmetadata: {name: gone}\n";
    let other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    for manifests in [[terminating, bare, other], [bare, terminating, other]] {
        assert_eq!(namespaces(&manifests.join("---\n")), json!([1, ["web"]]), "a terminating namespace is skipped");
    }
}

#[test]
fn a_template_that_calls_itself_static_is_of_its_owner() {
    let marked = workload("apps/v1", "Deployment", "api").replacen(
        "  template:\n",
        "  template:\n    metadata: {annotations: {kubernetes.io/config.mirror: x}}\n",
        1,
    );
    assert!(marked.contains("mirror"), "{marked}");
    assert_eq!(subjects(&judge(&marked)), ["default/Deployment/api[app] 1"]);
}

#[test]
fn a_pod_with_only_a_name_to_generate_has_that_name() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\nspec: {containers: [{name: a}]}\n";
    let run = judge(pod);
    assert_eq!(subjects(&run), ["default/Pod/job-[a] 1"]);
    assert_eq!(run.json()[0]["findings"][0]["pod"], "job-");
}

#[test]
fn kinds_that_no_rule_reads_are_skipped_and_counted() {
    let others = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n\
                  apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\napiVersion: acme.io/v1\nkind: Deployment\nmetadata: {name: c}\n---\n";
    let run = judge(&format!("{others}{}", workload("apps/v1", "Deployment", "api")));
    assert_eq!(run.status, 1);
    run.notes("skipped 4 objects of kinds that no rule reads: ConfigMap 2, Deployment of acme.io/v1 1, Service 1");
}

#[test]
fn chart_sources_are_of_no_account_where_no_rule_looks_at_them() {
    let charts = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: a, namespace: delivery}\n\
                  spec: {url: 'https://charts.example.net'}\n";
    run(&["judge", "privEscalation", "-f", "-"], charts)
        .refuses(&["nothing to judge: no object of a kind that a rule reads, only HelmRepository 1"]);
    let both = format!("{charts}---\n{}", workload("apps/v1", "Deployment", "api"));
    judge(&both).notes("skipped 1 object of kinds that no rule reads: HelmRepository 1");
    assert_eq!(namespaces(&both), json!([1, ["default"]]));
    // Nor do they say what namespaces there are, where another rule looks at them.
    let parameters = r#"{"trustedRegistries": "docker.io", "trustedChartSources": "charts.example"}"#;
    let all = run(
        &["judge", "netPolCheck", "trustedRegCheck", "-f", "-", "--output", "json", "--parameters", parameters],
        &both,
    );
    let judged = all.json();
    assert_eq!((&judged[0]["counts"]["namespaces"], &judged[1]["counts"]["namespaces"]), (&json!(1), &json!(2)));
    assert_eq!(judged[1]["findings"][0]["source"], "https://charts.example.net");
    let nameless = charts.replace("apiVersion: source.toolkit.fluxcd.io/v1\n", "");
    run(&["judge", "trustedRegCheck", "-f", "-", "--parameters", parameters], &nameless)
        .refuses(&["standard input: document 1 (from line 1): HelmRepository without apiVersion"]);
}

#[test]
fn all_forms_of_a_list_are_opened() {
    let pod = r#"{"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}}"#;
    let typed = pod.replacen('{', r#"{"apiVersion": "v1", "kind": "Pod", "#, 1);
    for list in [
        format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{typed}]}}"#),
        format!(r#"{{"apiVersion": "v1", "items": [{typed}], "kind": "List"}}"#),
        format!(r#"{{"kind": "PodList", "apiVersion": "v1", "metadata": {{}}, "items": [{pod}]}}"#),
        format!(r#"{{"items": [{pod}], "kind": "PodList", "apiVersion": "v1"}}"#),
        format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [{{"apiVersion": "v1", "kind": "List", "items": [{typed}]}}]}}"#
        ),
        format!("[{typed}]"),
        format!(r#"[{{"kind": "PodList", "apiVersion": "v1", "items": [{pod}]}}]"#),
        format!(
            r#"{{"apiVersion": "v1", "kind": "List", "items": [{{"items": [{pod}], "kind": "PodList", "apiVersion": "v1"}}]}}"#
        ),
    ] {
        assert_eq!(subjects(&judge(&list)), ["default/Pod/p[a] 1"], "JSON: {list}");
        assert_eq!(subjects(&judge(&format!("--- # YAML\n{list}"))), ["default/Pod/p[a] 1"], "YAML: {list}");
    }
    let deployments = r#"{"kind": "DeploymentList", "apiVersion": "apps/v1", "items": [{"metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}]}"#;
    assert_eq!(subjects(&judge(deployments)), ["default/Deployment/d[a] 1"]);
}

#[test]
fn an_empty_list_holds_nothing_to_judge() {
    judge("apiVersion: v1\nkind: List\nitems: []\n")
        .refuses(&["nothing to judge: no Kubernetes object in what -f names"]);
    judge("apiVersion: v1\nkind: List\nitems:\n").refuses(&["nothing to judge: no Kubernetes object in what -f names"]);
}

#[test]
fn a_kind_that_only_ends_in_list_is_an_object() {
    let other = "apiVersion: acme.io/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\n---\n";
    let run = judge(&format!("{other}{}", workload("apps/v1", "Deployment", "api")));
    run.notes("skipped 1 object of kinds that no rule reads: AllowList 1");
}

#[test]
fn a_kind_that_is_no_list_may_have_items() {
    let other = "apiVersion: acme.io/v1\nkind: Menu\nmetadata: {name: a}\nitems: [{dish: soup}]\n---\n";
    let run = judge(&format!("{other}{}", workload("apps/v1", "Deployment", "api")));
    run.notes("skipped 1 object of kinds that no rule reads: Menu 1");
}

#[test]
fn json_is_known_by_its_first_character_and_may_hold_several_values() {
    let pod = |name: &str| {
        format!(
            r#"  {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}"}}, "spec": {{"containers": [{{"name": "a"}}]}}}}"#
        )
    };
    let directory = Directory::new("json_is_known_by_its_first_character_and_may_hold_several_values");
    directory.write("two.yaml", format!("\n\n{}\n{}", pod("one"), pod("two")));
    assert_eq!(subjects(&directory.judge(&["two.yaml"])), ["default/Pod/one[a] 1", "default/Pod/two[a] 1"]);
}

#[test]
fn directories_are_read_deeply_in_order_and_only_for_manifests() {
    let directory = Directory::new("directories_are_read_deeply_in_order_and_only_for_manifests");
    directory
        .write("m/b/deep/x.yml", workload("apps/v1", "Deployment", "deep"))
        .write("m/a.yaml", workload("apps/v1", "Deployment", "first"))
        .write("m/c.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j"}, "spec": {"containers": [{"name": "a"}]}}"#)
        .write("m/README.md", "# nothing: {{ of }} ours")
        .write("m/values.txt", "a: b");
    let run = directory.judge(&["m"]);
    assert_eq!(
        subjects(&run),
        ["default/Deployment/deep[app] 1", "default/Deployment/first[app] 1", "default/Pod/j[a] 1"]
    );
    // The order shows in the errors.
    directory.write("m/b/deep/x.yml", "- 1").write("m/a.yaml", "- 1").write("m/c.json", "[1]");
    directory.judge(&["m"]).refuses(&[
        "m/a.yaml: document 1 (from line 1), item 1: not a Kubernetes object: 1",
        "m/b/deep/x.yml: document 1 (from line 1), item 1: not a Kubernetes object: 1",
        "m/c.json: document 1, item 1: not a Kubernetes object: 1",
    ]);
}

#[test]
fn a_file_that_is_named_itself_may_have_any_name() {
    let directory = Directory::new("a_file_that_is_named_itself_may_have_any_name");
    directory.write("manifest.txt", workload("apps/v1", "Deployment", "api"));
    assert_eq!(subjects(&directory.judge(&["manifest.txt"])).len(), 1);
}

#[test]
fn symbolic_links_are_followed_and_may_lead_in_circles() {
    let directory = Directory::new("symbolic_links_are_followed_and_may_lead_in_circles");
    directory
        .write("m/a.yaml", workload("apps/v1", "Deployment", "api"))
        .write("elsewhere/b.yaml", workload("apps/v1", "Deployment", "linked"));
    symlink("..", directory.path().join("m/up")).unwrap();
    symlink(".", directory.path().join("m/self")).unwrap();
    let run = directory.judge(&["m"]);
    assert_eq!(subjects(&run), ["default/Deployment/api[app] 1", "default/Deployment/linked[app] 1"]);
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let directory = Directory::new("a_file_that_is_named_twice_is_read_once");
    directory.write("m/a.yaml", workload("apps/v1", "Deployment", "api"));
    assert_eq!(subjects(&directory.judge(&["m", "m/a.yaml", "./m/../m/a.yaml"])), ["default/Deployment/api[app] 1"]);
}

#[test]
fn several_sources_are_judged_together() {
    let directory = Directory::new("several_sources_are_judged_together");
    directory.write("a.yaml", workload("apps/v1", "Deployment", "file"));
    let stdin = workload("apps/v1", "Deployment", "stdin");
    let run = run_in(
        directory.path(),
        &["judge", "privEscalation", "-f", "a.yaml", "-f", "-", "-o", "json"],
        stdin.as_bytes(),
    );
    assert_eq!(subjects(&run), ["default/Deployment/file[app] 1", "default/Deployment/stdin[app] 1"]);
}

#[test]
fn empty_documents_comments_and_document_ends_are_passed_over() {
    let one = workload("apps/v1", "Deployment", "one");
    let two = workload("apps/v1", "Deployment", "two");
    let stream =
        format!("# head\n---\n---\n# only this\n---\nnull\n---\n%YAML 1.2\n---\n{one}...\n# between\n---\n{two}...\n");
    let run = judge(&stream.replace("null\n---\n%YAML", "null\n...\n%YAML"));
    assert_eq!(subjects(&run), ["default/Deployment/one[app] 1", "default/Deployment/two[app] 1"], "{run:#?}");
}

#[test]
fn a_marker_inside_of_a_block_scalar_does_not_end_the_document() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  x: |\n    ---\n    a: 1\n    ...\n    ---- \n---\n";
    let run = judge(&format!("{config}{}", workload("apps/v1", "Deployment", "api")));
    run.notes("skipped 1 object of kinds that no rule reads: ConfigMap 1");
    assert_eq!(subjects(&run).len(), 1);
}

#[test]
fn byte_order_marks_and_carriage_returns_do_no_harm() {
    let one = workload("apps/v1", "Deployment", "one");
    let two = workload("apps/v1", "Deployment", "two");
    let stream = format!("\u{feff}{one}\u{feff}---\n{two}").replace('\n', "\r\n");
    assert_eq!(subjects(&judge(&stream)), ["default/Deployment/one[app] 1", "default/Deployment/two[app] 1"]);
    let json = "\u{feff}{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [{\"name\": \"a\"}]}}\r\n";
    assert_eq!(subjects(&judge(json)), ["default/Pod/p[a] 1"]);
    let broken = judge("\u{feff}{]");
    assert!(broken.stderr.contains("document 1: not JSON: "), "it is known as JSON: {broken:#?}");
}

#[test]
fn anchors_aliases_and_merge_keys_work() {
    let manifest = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
      - &base
        name: first
        image: nginx
        securityContext: &context {allowPrivilegeEscalation: false}
      - {<<: *base, name: second}
      - name: third
        securityContext:
          <<: *context
          privileged: true
";
    let run = judge(manifest);
    assert_eq!(subjects(&run), ["default/Deployment/api[third] 1"], "{run:#?}");
}

#[test]
fn the_booleans_of_kubectl_are_booleans() {
    for (word, value) in [
        ("yes", true),
        ("on", true),
        ("True", true),
        ("y", true),
        ("no", false),
        ("off", false),
        ("FALSE", false),
        ("N", false),
    ] {
        let manifest = workload("apps/v1", "Deployment", "api").replace(
            "allowPrivilegeEscalation: true",
            &format!("{{allowPrivilegeEscalation: false, privileged: {word}}}"),
        );
        let run = judge(&manifest.replace("securityContext:\n          {", "securityContext: {"));
        assert_eq!(run.status, i32::from(value), "{word}: {run:#?}");
    }
}

#[test]
fn an_object_without_any_container_is_told() {
    let run = judge(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {template: {spec: {contianers: [{name: a}]}}}\n",
    );
    assert_eq!(run.status, 0);
    run.notes("1 object without any container: Deployment default/api");
}

#[test]
fn policies_of_cni_plugins_are_read() {
    for (version, kind) in [
        ("cilium.io/v2", "CiliumNetworkPolicy"),
        ("projectcalico.org/v3", "NetworkPolicy"),
        ("crd.projectcalico.org/v1", "NetworkPolicy"),
        ("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy"),
    ] {
        let spec = if kind.starts_with("Cilium") {
            "{endpointSelector: {}, ingress: [{}]}"
        } else {
            "{selector: all(), podSelector: {}}"
        };
        let policy = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: p}}\nspec: {spec}\n");
        let run = run(&["judge", "netPolCheck", "-f", "-"], &policy);
        assert_eq!(run.status, 0, "{version}: {run:#?}");
    }
    let clusterwide = "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\nspec: {endpointSelector: {}, ingress: [{}]}\n";
    let run = run(&["judge", "netPolCheck", "-f", "-", "--output", "json"], clusterwide);
    assert_eq!(run.json()[0]["counts"]["namespaces"], 0, "an object of the whole cluster names no namespace: {run:#?}");
}
