use serde_json::json;

use crate::run::{judge, run, workload};

#[test]
fn the_json_of_a_small_case_is_exactly_this() {
    let run = judge(&workload("apps/v1", "Deployment", "api").replace("  name: api", "  namespace: web\n  name: api"));
    assert_eq!(
        run.json(),
        json!([{
            "rule": "privEscalation",
            "cluster": null,
            "complianceType": "NON_COMPLIANT",
            "annotation": "1 of 1 container may escalate privileges, in 1 subject: web/Deployment/api[app] AllowPrivilegeEscalation.",
            "counts": {
                "pods": 1, "containers": 1, "namespaces": 1, "excludedNamespaces": 0, "finishedPods": 0, "exempted": 0, "findings": 1
            },
            "findings": [{
                "namespace": "web",
                "owner": {"kind": "Deployment", "name": "api"},
                "pod": "api",
                "pods": 1,
                "container": "app",
                "containerKind": "container",
                "reasons": ["AllowPrivilegeEscalation"],
                "image": null,
                "source": null,
                "mirror": false,
                "workloads": null,
                "advice": "In the container, set securityContext.allowPrivilegeEscalation: false."
            }],
            "notes": [],
            "notJudged": null
        }])
    );
}

#[test]
fn the_keys_of_the_json_stand_in_the_order_of_the_documentation() {
    let run = judge(&workload("apps/v1", "Deployment", "api"));
    let keys = ["rule", "cluster", "complianceType", "annotation", "counts", "findings", "notes", "notJudged"];
    let places: Vec<usize> = keys.iter().map(|key| run.stdout.find(&format!("\n    \"{key}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{run:#?}");
    assert!(run.stdout.ends_with("]\n"));
}

#[test]
fn nothing_that_is_judged_is_compliant() {
    let run = judge("apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n");
    assert_eq!((run.status, &run.json()[0]["complianceType"]), (0, &json!("COMPLIANT")), "{run:#?}");
    assert_eq!(run.json()[0]["counts"]["pods"], 0);
}

#[test]
fn a_table_has_a_row_for_each_rule_and_the_annotation_under_it() {
    let run = run(&["judge", "netPolCheck", "privEscalation", "-f", "-"], &workload("apps/v1", "Deployment", "api"));
    assert_eq!(run.status, 1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let row = |rule: &str| lines.iter().find(|line| line.contains(rule) && line.contains("NON_COMPLIANT")).copied();
    assert!(row("netPolCheck").is_some() && row("privEscalation").is_some(), "{run:#?}");
    assert!(
        lines.iter().any(|line| line.starts_with("privEscalation: 1 of 1 container may escalate privileges")),
        "{run:#?}"
    );
    assert!(
        lines.iter().any(|line| line.contains("Deployment/api") && line.contains("AllowPrivilegeEscalation")),
        "{run:#?}"
    );
    assert!(!run.stdout.contains('\u{1b}'), "no colour where there is no terminal");
}
