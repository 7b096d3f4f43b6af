use crate::run::{CLEAN, DEPLOYMENT, PARAMETERS, judge, judge_demo};

#[test]
fn a_suite_has_a_failure_for_each_finding() {
    let xml = judge("junit", &["privEscalation", "netPolCheck"], DEPLOYMENT).stdout;
    for words in [
        r#"<testsuites name="eks-config-rules" tests="2" skipped="0" failures="2" errors="0">"#,
        r#"<testsuite name="netPolCheck" tests="1""#,
        r#"<testsuite name="privEscalation" tests="1""#,
        r#"<testcase name="container app of Deployment/api in namespace web" classname="privEscalation.web">"#,
        r#"<failure message="Privileged, Unset" type="Privileged,Unset">Container app of Deployment/api"#,
        r#"<property name="complianceType" value="NON_COMPLIANT"/>"#,
    ] {
        assert!(xml.contains(words), "{words}: {xml}");
    }
}

#[test]
fn what_complies_is_a_test_that_passed() {
    let xml = judge("junit", &["--parameters", PARAMETERS], CLEAN).stdout;
    assert!(
        xml.contains(r#"<testsuites name="eks-config-rules" tests="3" skipped="0" failures="0" errors="0">"#),
        "{xml}"
    );
    assert_eq!(xml.matches("<testcase ").count(), 3, "{xml}");
    assert!(!xml.contains("<failure"), "{xml}");
}

#[test]
fn what_was_not_judged_is_an_error_and_no_failure() {
    let run = judge_demo("junit", "private");
    assert_eq!(run.status, 3, "{run:#?}");
    for words in [
        r#"tests="3" skipped="0" failures="0" errors="3""#,
        r#"<testsuite name="trustedRegCheck on private""#,
        r#"<error message="connect: "#,
        r#"type="NotJudged""#,
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
}

#[test]
fn nothing_in_the_report_changes_from_run_to_run() {
    let runs = [(); 2].map(|()| judge("junit", &["--parameters", PARAMETERS], DEPLOYMENT).stdout);
    assert_eq!(runs[0], runs[1]);
}
