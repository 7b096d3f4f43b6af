use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use crate::run::{CLEAN, DEPLOYMENT, PARAMETERS, judge, judge_demo};

/// What stands between two texts.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    page.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[test]
fn the_page_has_totals_plots_findings_parameters_and_notes() {
    let run = judge_demo("html", "violations");
    assert_eq!(run.status, 1, "{}", run.stderr);
    let page = &run.stdout;
    assert!(
        between(page, "<tr id=\"totals\">", "</tr>").contains("3 rules: 0 COMPLIANT, 3 NON_COMPLIANT, 0 not judged")
    );
    for words in [
        "<h1>EKS configuration rules: violations</h1>",
        "<dd>111122223333</dd>",
        "Findings by namespace",
        "Findings by reason",
        "1 finished pod not judged",
        "ecr:self,public.ecr.aws/docker,eks-addons",
        "<code>reading</code></td><td class=\"mono\">effective</td>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let rows = between(page, "<table id=\"findings\">", "</table>").matches("<tr data-rule=").count();
    assert!(rows > 20, "{rows}");
    assert!(page.contains(&format!("<td class=\"number\">{rows}</td></tr></tfoot>")), "{rows}");
}

#[test]
fn the_worst_findings_come_first() {
    let page = judge_demo("html", "violations").stdout;
    let severities: Vec<&str> = page.split("data-severity=\"").skip(1).map(|rest| &rest[..1]).collect();
    let mut sorted = severities.clone();
    sorted.sort_by(|one, other| other.cmp(one));
    assert_eq!(severities, sorted);
}

#[test]
fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
    let page = judge("html", &["privEscalation"], DEPLOYMENT).stdout;
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\">").replace("&#39;", "'");
    let hash = |start, end| STANDARD.encode(digest(&SHA256, between(&page, start, end).as_bytes()));
    let (style, script) = (hash("<style>", "</style>"), hash("<script>", "</script>"));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
        )
    );
    assert!(!page.contains(" style=\"") && !page.contains(" onclick"), "what the policy would forbid");
}

#[test]
fn the_page_loads_nothing() {
    let page = judge_demo("html", "violations").stdout;
    for words in ["http://", "https://", " src=", "<link", "@import", "url("] {
        assert!(!page.contains(words), "{words}");
    }
}

#[test]
fn what_was_not_judged_stands_before_the_totals() {
    let run = judge_demo("html", "private");
    assert_eq!(run.status, 3, "{}", run.stderr);
    let page = &run.stdout;
    assert!(page.find("id=\"not-judged\"").unwrap() < page.find("id=\"totals\"").unwrap());
    assert!(between(page, "id=\"not-judged\"", "</section>").contains("connect: "));
    assert!(page.contains("0 COMPLIANT, 0 NON_COMPLIANT, 3 not judged"));
    assert!(!page.contains("id=\"findings\""));
}

#[test]
fn what_complies_has_no_table_of_findings() {
    let page = judge("html", &["--parameters", PARAMETERS], CLEAN).stdout;
    assert!(page.contains("3 rules: 3 COMPLIANT, 0 NON_COMPLIANT, 0 not judged"));
    assert!(!page.contains("id=\"findings\""));
}

#[test]
fn manifests_have_their_places_in_the_page() {
    let page = judge("html", &["privEscalation"], DEPLOYMENT).stdout;
    assert!(page.contains("standard input:10:9"));
}

#[test]
fn only_the_time_changes_from_run_to_run() {
    let runs = [(); 2].map(|()| {
        let page = judge("html", &["--parameters", PARAMETERS], DEPLOYMENT).stdout;
        let time = between(&page, "<dt>Judged</dt> <dd>", "</dd>").to_owned();
        page.replace(&time, "")
    });
    assert_eq!(runs[0], runs[1]);
}
