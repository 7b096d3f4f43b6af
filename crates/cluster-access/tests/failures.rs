//! The tables of `docs/failures.md` are made from the errors themselves. To write them anew:
//! `UPDATE_DOCS=1 cargo test -p cluster-access --test failures`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use cluster_access::{EventError, InvocationError, NotJudged, chain};
use eks_rules::{DecodeError, ParameterError};

/// What stands between these is made.
const CLUSTER: [&str; 2] = ["<!-- of a cluster -->\n", "<!-- end -->"];
const INVOCATION: [&str; 2] = ["<!-- of an invocation -->\n", "<!-- end -->"];

type Cause = Box<dyn std::error::Error + Send + Sync>;

fn cause(text: &str) -> Cause {
    text.into()
}

fn parameter() -> ParameterError {
    ParameterError::new("trustedRegistries", "busybox", "docker.io/library/busybox")
}

fn registry(operation: &'static str, forbidden: bool, source: &str) -> NotJudged {
    let repository = "shop/app of account 444455556666 in eu-west-1".to_owned();
    NotJudged::Registry { operation, repository, forbidden, source: cause(source) }
}

/// One error of each variant. A new variant is missed by [`is_listed`].
fn of_a_cluster() -> Vec<NotJudged> {
    let pods = || "pods".to_owned();
    let path = || "/api/v1/pods".to_owned();
    let decode = DecodeError {
        kind: "Pod",
        name: "shop/api".to_owned(),
        path: "spec.containers[0].securityContext.privileged".to_owned(),
        cause: "invalid type: string, expected a boolean".to_owned(),
    };
    vec![
        NotJudged::DescribeCluster { source: cause("AccessDeniedException") },
        NotJudged::Status("FAILED".to_owned()),
        NotJudged::Connector,
        NotJudged::Account { expected: "111122223333".to_owned(), actual: "444455556666".to_owned() },
        NotJudged::Endpoint("certificateAuthority"),
        NotJudged::DescribeAddon { source: cause("AccessDeniedException"), forbidden: true },
        NotJudged::Token { source: cause("there are no credentials") },
        NotJudged::Parameter(parameter()),
        NotJudged::Kubeconfig { source: cause("there is no such context") },
        NotJudged::Connect { source: cause("deadline has elapsed") },
        NotJudged::Tls { source: cause("invalid peer certificate: UnknownIssuer") },
        NotJudged::Unauthorized,
        NotJudged::Forbidden { verb: "list", resource: pods(), message: "pods is forbidden: …".to_owned() },
        NotJudged::Answer { code: 503, path: path(), message: "…".to_owned() },
        NotJudged::Body { path: path(), source: cause("connection reset by peer") },
        NotJudged::Expired { resource: pods(), tries: 3 },
        NotJudged::Pages { resource: pods(), what: "a page came twice" },
        NotJudged::Decode(decode),
        registry("DescribeImages", true, "AccessDeniedException"),
        registry("DescribeImageScanFindings", false, "ServerException"),
        NotJudged::NoRegistry,
        NotJudged::Deadline,
    ]
}

/// Does not compile until it names every variant, which is the reminder to add it above.
fn is_listed(error: &NotJudged) -> bool {
    match error {
        NotJudged::DescribeCluster { .. }
        | NotJudged::DescribeAddon { .. }
        | NotJudged::Status(_)
        | NotJudged::Connector
        | NotJudged::Account { .. }
        | NotJudged::Endpoint(_)
        | NotJudged::Token { .. }
        | NotJudged::Parameter(_)
        | NotJudged::Kubeconfig { .. }
        | NotJudged::Connect { .. }
        | NotJudged::Tls { .. }
        | NotJudged::Unauthorized
        | NotJudged::Forbidden { .. }
        | NotJudged::Answer { .. }
        | NotJudged::Body { .. }
        | NotJudged::Decode(_)
        | NotJudged::Expired { .. }
        | NotJudged::Pages { .. }
        | NotJudged::Registry { .. }
        | NotJudged::NoRegistry
        | NotJudged::Deadline => true,
    }
}

fn of_an_invocation() -> Vec<InvocationError> {
    let failures = vec![("prod".to_owned(), Arc::new(NotJudged::Unauthorized))];
    vec![
        InvocationError::Event(EventError::Field {
            field: "accountId".to_owned(),
            given: "\"12345\"".to_owned(),
            allowed: "an account id of twelve digits".to_owned(),
        }),
        InvocationError::Event(EventError::UnknownMessageType { given: "NoSuchNotification".to_owned() }),
        InvocationError::Parameter(parameter()),
        InvocationError::Credentials {
            doing: "AssumeRole of arn:aws:iam::444455556666:role/eks-config-rules failed".to_owned(),
            advice:
                "let the caller's role call sts:AssumeRole on it, and let that role trust it (infra/member-role.yaml)"
                    .to_owned(),
            source: Some(cause("AccessDenied")),
        },
        InvocationError::ListClusters { region: "eu-west-1".to_owned(), source: cause("AccessDeniedException") },
        InvocationError::Deadline { doing: "listing the clusters".to_owned() },
        InvocationError::ClustersNotJudged { total: 12, failures },
        InvocationError::PutEvaluations {
            doing: "the evaluations of prod, staging were not taken; allow config:PutEvaluations to the role"
                .to_owned(),
            source: Some(cause("InvalidResultTokenException")),
        },
        InvocationError::CleanUp { source: cause("AccessDeniedException") },
    ]
}

/// What AWS Config received before the invocation failed so.
fn reported(error: &InvocationError) -> &'static str {
    match error {
        InvocationError::Event(_)
        | InvocationError::Parameter(_)
        | InvocationError::Credentials { .. }
        | InvocationError::ListClusters { .. } => "nothing: earlier results stay",
        InvocationError::Deadline { .. } => "nothing, or not all: earlier results stay",
        InvocationError::ClustersNotJudged { .. } => "every other cluster",
        InvocationError::PutEvaluations { .. } => "every evaluation but those that the error names",
        InvocationError::CleanUp { .. } => "every cluster; results of clusters that are gone stay",
        // Told as the first of the two, in whose row it belongs.
        InvocationError::Both { first, .. } => reported(first),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn cluster_table() -> String {
    let mut table = "| step | for example | what to do |\n|---|---|---|\n".to_owned();
    for error in of_a_cluster() {
        assert!(is_listed(&error));
        writeln!(table, "| {} | {} | {} |", error.step(), cell(&chain(&error)), cell(error.advice())).unwrap();
    }
    table
}

fn invocation_table() -> String {
    let mut table =
        "| errorType | for example | what AWS Config has received | what to do |\n|---|---|---|---|\n".to_owned();
    for error in of_an_invocation() {
        let (told, advice) = (cell(&chain(&error)), capitalised(&cell(error.advice())));
        writeln!(table, "| `{}` | {told} | {} | {advice} |", error.error_type(), reported(&error)).unwrap();
    }
    table
}

/// The page with what stands between the marks replaced.
fn replaced(page: &str, [begin, end]: [&str; 2], table: &str) -> String {
    let (head, rest) = page.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    format!("{head}{begin}{table}{end}{tail}")
}

#[test]
fn the_page_tells_every_error_and_what_to_do_about_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/failures.md");
    let written = fs::read_to_string(&path).unwrap();
    let page = replaced(&replaced(&written, CLUSTER, &cluster_table()), INVOCATION, &invocation_table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
        return;
    }
    assert!(written == page, "docs/failures.md is not what error.rs says; see the head of this test");
}

#[test]
fn every_step_of_the_readme_is_one_that_an_error_names_and_none_is_missing() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let section = readme.split("## When a cluster is not judged").nth(1).unwrap().split("\n## ").next().unwrap();
    for error in of_a_cluster() {
        // Neither can happen in a function: the one is the command line's, the other ends an invocation before.
        if !matches!(error, NotJudged::Kubeconfig { .. }) {
            assert!(section.contains(error.step()), "README does not tell of the step {}", error.step());
        }
    }
    for error in of_an_invocation() {
        assert!(section.contains(error.error_type()), "README does not tell of {}", error.error_type());
    }
}

#[test]
fn each_error_says_in_a_sentence_of_its_own_what_to_do() {
    for error in of_a_cluster() {
        let advice = error.advice();
        assert!(advice.starts_with(char::is_uppercase) && !advice.ends_with('.'), "{advice}");
    }
}
