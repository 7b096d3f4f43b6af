//! `docs/showcase.md` is what the commands print of the demo's violating cluster. To write it anew:
//! `UPDATE_DOCS=1 cargo test -p eks-config-rules --test outputs showcase`.

use std::fmt::Write;
use std::fs;

use loopback::{World, demo_world};

use crate::docs::is_written;
use crate::run::{Run, directory, run};

const HEAD: &str = "\
# What it finds, mends and refuses: the demo's violating cluster

Each command was run as it stands here, in a world that `eks-config-rules demo --serve` keeps up (it prints the environment that
they need), and what it printed is shortened at `...` alone.
";

const CHARTS: &str =
    r#"{"trustedRegistries": "ecr:self,eks-addons,public.ecr.aws/docker", "trustedChartSources": "ecr:self/charts"}"#;
const SCANS: &str = r#"{"trustedRegistries": "ecr:self,eks-addons,public.ecr.aws", "excludedNamespaces": "kube-system,sandbox", "failOnSeverity": "HIGH"}"#;
const POLICY: &str =
    r#"{"trustedRegistries": "ecr:self,eks-addons,public.ecr.aws/docker", "excludedNamespaces": "kube-system"}"#;

/// A command as somebody types it.
fn typed(arguments: &[&str]) -> String {
    let quoted = |argument: &&str| {
        if argument.starts_with('{') { format!("'{argument}'") } else { (*argument).to_owned() }
    };
    let mut line = String::from("eks-config-rules");
    for argument in arguments.iter().map(quoted) {
        line.push_str(if argument.starts_with('\'') { " \\\n  " } else { " " });
        line.push_str(&argument);
    }
    line
}

/// The lines from one that begins with a text, to the first after it at which `end` says so.
fn from_to(text: &str, begin: &str, end: impl Fn(&str) -> bool) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with(begin));
    let mut taken = String::new();
    for (number, line) in lines.enumerate() {
        if number > 0 && end(line) {
            break;
        }
        writeln!(taken, "{line}").unwrap();
    }
    assert!(!taken.is_empty(), "no line begins with {begin:?}: {text}");
    taken
}

/// A section: its heading, what it says, a command and what is shown of its output.
fn section(page: &mut String, heading: &str, says: &str, command: &str, language: &str, output: &str) {
    write!(page, "\n## {heading}\n\n{says}\n\n```sh\n{command}\n```\n\n```{language}\n{}\n```\n", output.trim_end())
        .unwrap();
}

fn page() -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let world = runtime.block_on(World::start(demo_world(None))).unwrap();
    let environment = world.environment();
    let here = directory("showcase", &[]);
    fs::create_dir_all(&here).unwrap();
    let judge = |arguments: &[&str]| {
        let told = run(&here, &environment, arguments, "");
        assert!(matches!(told.status, 0 | 1), "{told:#?}");
        told
    };
    let mut page = HEAD.to_owned();

    let arguments = ["judge", "trustedRegCheck", "--cluster", "violations", "--parameters", CHARTS];
    let Run { stdout, .. } = judge(&arguments);
    let shown = |line: &&str| line.contains(" NAMESPACE ") || line.contains(" UntrustedChartSource ");
    let charts: Vec<&str> = stdout.lines().filter(shown).filter(|line| line.contains('┆')).collect();
    let advice: Vec<&str> = stdout.lines().filter(|line| line.contains("Mirror the chart")).collect();
    let said = from_to(&stdout, "trustedRegCheck on", |line| !line.starts_with("  note: "));
    let said = format!("{said}...\n{}\n...\n{}\n", charts.join("\n"), advice.join("\n"));
    section(
        &mut page,
        "Where charts come from",
        "`trustedChartSources` holds the sources of Flux and Argo CD to a list: each untrusted one is a finding with its URL, from\n\
         which user, password and query are gone. ([How URLs are compared](decisions/0021-chart-sources-have-their-own-matching.md))",
        &typed(&arguments),
        "text",
        &said,
    );

    let arguments = ["judge", "trustedRegCheck", "--cluster", "violations", "--parameters", SCANS];
    let Run { stdout, .. } = judge(&arguments);
    let said = from_to(&stdout, "trustedRegCheck on", |line| !line.starts_with("  note: "));
    let advice = stdout.lines().find(|line| line.starts_with("  - Rebuild")).unwrap();
    section(
        &mut page,
        "What the scan of a running image found",
        "`failOnSeverity` asks ECR about each running digest. ([What each scan status means](ecr-gates.md))",
        &typed(&arguments),
        "text",
        &format!("{said}...\n{advice}\n...\n"),
    );

    let arguments = [
        "judge",
        "--cluster",
        "violations",
        "--no-progress",
        "--fix",
        "--fix-output",
        "fix.yaml",
        "--fix-mirror",
        "public.ecr.aws/docker/mirror",
        "--parameters",
        CHARTS,
    ];
    let Run { stderr, .. } = judge(&arguments);
    let note = stderr.lines().find(|line| line.contains("fix.yaml: ")).unwrap().to_owned();
    let text = fs::read_to_string(here.join("fix.yaml")).unwrap();
    let by_hand = from_to(&text, "# By hand:", |line| line == "#");
    let by_hand: String = by_hand.lines().take(3).map(|line| format!("{line}\n")).collect();
    let patches = text.split("---\n");
    let documents: String = ["name: sidecar", "name: eks-config-rules-default-deny"]
        .iter()
        .filter_map(|name| patches.clone().find(|document| document.contains(name)))
        .map(|document| format!("---\n{document}...\n"))
        .collect();
    section(
        &mut page,
        "What would mend it",
        "`--fix` writes patches of exactly the containers found, policies for each namespace without one, and what is left to do by\n\
         hand. A test applies such a file to this cluster's objects, and nothing but what it says is to be done by hand is left.",
        &format!("{}\ncat fix.yaml", typed(&arguments)),
        "yaml",
        &format!("# (standard error) {note}\n...\n{by_hand}# ...\n{documents}"),
    );

    let arguments =
        ["policy", "trustedRegCheck", "--account", "111122223333", "--region", "eu-west-1", "--parameters", POLICY];
    let Run { stdout, .. } = judge(&arguments);
    let head = from_to(&stdout, "# Refuses", |line| line.starts_with("  matchConditions:"));
    let validations = from_to(&stdout, "  validations:", |line| line.starts_with("  variables:"));
    section(
        &mut page,
        "What is refused the next time",
        "`policy` prints an admission policy that refuses what the rule would report, from the same parameters; a chart source is no pod,\n\
         so that `trustedChartSources` is not for it. ([What it covers](admission.md))",
        &typed(&arguments),
        "yaml",
        &format!("{head}  ...\n{validations}  ..."),
    );

    page.push_str(
        "\n## Where people look\n\nThe same findings as SARIF, JUnit, OCSF and ASFF, and as one page for an auditor: \
         [outputs](outputs/README.md).\n\n![The page of the violating cluster](outputs/violations.png)\n",
    );
    page
}

#[test]
fn the_showcase_is_what_the_commands_print() {
    let page = page();
    is_written("showcase.md", &page);
    assert!(!page.contains("s3cret"), "a password got into the page");
}
