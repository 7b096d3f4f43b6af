//! `eks-config-rules doctor`: each fault is told at the step that it strikes, with what to do, and hides no other.

use std::path::PathBuf;
use std::process::Output;

use acceptance::{command_line, compliant, start, world};
use loopback::{
    AccountSpec, ClusterSpec, EndpointKind, Fault, FaultAction, OWN_ACCOUNT, ParameterSpec, RepositorySpec, RoleSpec,
    World, WorldSpec,
};
use serde_json::Value;

const REGISTRIES: &str = r#"{"trustedRegistries": "public.ecr.aws"}"#;

/// The steps from the cluster's description to its first answer.
const TO_THE_ANSWER: [&str; 4] = ["token", "connect", "TLS", "authenticate"];

/// Runs `doctor` and gives its exit status and what it printed.
async fn told(world: &World, arguments: &[&str]) -> (i32, String) {
    let arguments = [&["doctor"], arguments].concat();
    let Output { status, stdout, stderr } = command_line(world, &arguments).output().await.unwrap();
    let code = status.code().unwrap();
    assert!(code != 2, "{}", String::from_utf8_lossy(&stderr));
    (code, String::from_utf8(stdout).unwrap())
}

/// What came of an examination.
#[derive(Debug)]
struct Examined {
    exit: i32,
    steps: Vec<Value>,
}

impl Examined {
    async fn with(world: &World, arguments: &[&str]) -> Self {
        let (exit, text) = told(world, &[arguments, &["--output", "json"]].concat()).await;
        let steps: Vec<Value> = serde_json::from_str(&text).unwrap();
        for step in &steps {
            let advised = matches!(step["status"].as_str(), Some("failed" | "note"));
            assert_eq!(advised, step["advice"].is_string(), "{step}");
        }
        Self { exit, steps }
    }

    /// All rules on the cluster `alpha`.
    async fn of(world: &World) -> Self {
        Self::with(world, &["--cluster", "alpha", "--parameters", REGISTRIES]).await
    }

    #[track_caller]
    fn step(&self, name: &str) -> &Value {
        self.steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name}: {self:#?}"))
    }

    #[track_caller]
    fn works<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> &Self {
        for name in names {
            assert_eq!(self.step(name)["status"], "ok", "{name}: {self:#?}");
        }
        self
    }

    /// Expects that this step, and no other, failed, and that the program says so.
    #[track_caller]
    fn fails_alone(&self, name: &str, detail: &str, advice: &str) -> &Self {
        let failed: Vec<&str> = self.steps.iter().filter(|step| step["status"] == "failed").map(named).collect();
        assert_eq!((self.exit, failed), (3, vec![name]), "{self:#?}");
        let step = self.step(name);
        assert!(step["detail"].as_str().unwrap().contains(detail), "{step:#}");
        assert!(step["advice"].as_str().unwrap().contains(advice), "{step:#}");
        self
    }

    #[track_caller]
    fn not_tried<'a>(&self, names: impl IntoIterator<Item = &'a str>, after: &str) -> &Self {
        for name in names {
            assert_eq!((&self.step(name)["status"], &self.step(name)["detail"]), (&"notTried".into(), &after.into()));
        }
        self
    }
}

fn named(step: &Value) -> &str {
    step["step"].as_str().unwrap()
}

fn denied(action: &str) -> FaultAction {
    let message = format!("User is not authorized to perform: {action}");
    FaultAction::AwsError { code: 403, name: "AccessDeniedException".to_owned(), message }
}

/// A world with a role to assume and a parameter of Systems Manager.
async fn furnished() -> World {
    let parameter = ParameterSpec {
        name: "/eks-config-rules/trusted".to_owned(),
        kind: "StringList".to_owned(),
        value: "public.ecr.aws,quay.io".to_owned(),
    };
    let account = AccountSpec {
        clusters: vec![compliant("alpha")],
        roles: vec![RoleSpec::new("auditor")],
        parameters: vec![parameter],
        ..AccountSpec::new(OWN_ACCOUNT)
    };
    start(WorldSpec { accounts: vec![account], ..WorldSpec::default() }).await
}

#[tokio::test]
async fn every_step_of_a_cluster_that_can_be_judged_works_and_leaves_nothing_behind() {
    let world = world(vec![compliant("alpha"), compliant("beta")]).await;
    let examined = Examined::of(&world).await;
    assert_eq!(examined.exit, 0, "{examined:#?}");
    examined.works(examined.steps.iter().map(named));
    examined.works(TO_THE_ANSWER).works(["list pods", "list namespaces", "list networkpolicies.networking.k8s.io"]);
    assert!(examined.step("credentials")["detail"].as_str().unwrap().starts_with("arn:aws:sts::111122223333:"));
    assert_eq!(examined.step("ListClusters")["detail"], "2 clusters in eu-west-1, alpha among them");
    assert!(examined.step("DescribeCluster")["detail"].as_str().unwrap().starts_with("ACTIVE, Kubernetes 1.33"));
    assert!(world.put_calls().iter().all(|call| call.test_mode && call.evaluations.is_empty()));
    assert_eq!(world.evaluations(), []);
    let mut paths = Vec::new();
    for request in world.kubernetes_requests() {
        assert_eq!((request.method.as_str(), request.cluster.as_str()), ("GET", "alpha"));
        let limits: Vec<_> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert!(
            limits == ["limit=1"]
                || ["/apis", "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni"]
                    .contains(&request.path.as_str()),
            "{request:?}"
        );
        paths.push(request.path);
    }
    let all = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), all, "each request once: {paths:?}");
}

#[tokio::test]
async fn a_rule_is_examined_by_what_it_reads() {
    let world = world(vec![compliant("alpha")]).await;
    let examined = Examined::with(&world, &["privEscalation", "--cluster", "alpha"]).await;
    let lists: Vec<&str> = examined.steps.iter().map(named).filter(|name| name.starts_with("list ")).collect();
    assert_eq!((examined.exit, lists), (0, vec!["list pods"]));
}

#[tokio::test]
async fn credentials_that_nobody_knows_end_everything() {
    let world = furnished().await;
    world.script(Fault::aws("sts", "GetCallerIdentity", denied("sts:GetCallerIdentity")).times(usize::MAX));
    let arguments = ["--cluster", "alpha", "--parameters", r#"{"trustedRegistries": "ssm:/eks-config-rules/trusted"}"#];
    let examined = Examined::with(&world, &arguments).await;
    examined.fails_alone("credentials", "not authorized", "the STS endpoint");
    examined.not_tried(examined.steps.iter().map(named).skip(1), "credentials");
    assert!(examined.steps.len() > 8 && world.kubernetes_requests().is_empty(), "{examined:#?}");
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_ends_what_it_is_assumed_for() {
    let world = furnished().await;
    let arn = "arn:aws:iam::111122223333:role/nobody";
    let parameters = r#"{"trustedRegistries": "ssm:/eks-config-rules/trusted"}"#;
    let arguments = ["--cluster", "alpha", "--role-arn", arn, "--parameters", parameters];
    let examined = Examined::with(&world, &arguments).await;
    examined.fails_alone("role", "AccessDenied", "sts:AssumeRole on arn:aws:iam::111122223333:role/nobody");
    examined.works(["credentials", "trustedRegistries ssm:/eks-config-rules/trusted"]);
    examined.not_tried(["ListClusters", "DescribeCluster", "objects", "PutEvaluations"], "role");
    let arguments = ["--cluster", "alpha", "--role-arn", &arn.replace("nobody", "auditor")];
    let examined = Examined::with(&world, &arguments).await;
    assert_eq!(examined.exit, 0, "{examined:#?}");
    examined.works(["role", "list pods", "PutEvaluations"]);
}

#[tokio::test]
async fn a_role_without_an_access_entry_fails_at_authentication() {
    let cluster = ClusterSpec { access_entries: Some(vec!["another".to_owned()]), ..compliant("alpha") };
    let examined = Examined::of(&world(vec![cluster]).await).await;
    examined.fails_alone("authenticate", "(401)", "infra/access-entry.yaml");
    examined.works(["DescribeCluster", "token", "connect", "TLS", "PutEvaluations"]);
    examined.not_tried(["API groups", "objects"], "authenticate");
}

#[tokio::test]
async fn a_missing_right_is_told_by_verb_and_resource() {
    let denied = ["networkpolicies", "daemonsets"].map(str::to_owned).to_vec();
    let cluster = ClusterSpec { denied, ..compliant("alpha") };
    let examined = Examined::of(&world(vec![cluster]).await).await;
    let right = "networkpolicies.networking.k8s.io";
    examined.fails_alone(&format!("list {right}"), &format!("may not list {right} (403)"), "cluster-role.yaml");
    examined.works(TO_THE_ANSWER).works(["list pods", "list namespaces", "PutEvaluations"]);
    let step = examined.step("list daemonsets.apps");
    assert_eq!(step["status"], "note");
    assert!(step["detail"].as_str().unwrap().contains("may not list daemonsets.apps (403)"), "{step:#}");
}

#[tokio::test]
async fn what_a_rule_can_do_without_is_a_note_and_no_failure() {
    let cluster = ClusterSpec { denied: vec!["daemonsets".to_owned()], ..compliant("alpha") };
    let world = world(vec![cluster]).await;
    world.script(Fault::aws("eks", "DescribeAddon", denied("eks:DescribeAddon")).times(usize::MAX));
    let examined = Examined::of(&world).await;
    let notes: Vec<&str> = examined.steps.iter().filter(|step| step["status"] == "note").map(named).collect();
    assert_eq!((examined.exit, notes), (0, vec!["DescribeAddon vpc-cni", "list daemonsets.apps"]));
    let required = r#"{"enforcement": "require"}"#;
    let examined = Examined::with(&world, &["netPolCheck", "--cluster", "alpha", "--parameters", required]).await;
    assert_eq!((examined.exit, &examined.step("list daemonsets.apps")["status"]), (3, &"failed".into()));
}

#[tokio::test]
async fn api_groups_that_may_not_be_read_keep_only_what_depends_on_them_from_being_tried() {
    let cluster = ClusterSpec { denied: vec!["/apis".to_owned()], ..compliant("alpha") };
    let world = world(vec![cluster]).await;
    let examined = Examined::of(&world).await;
    examined.fails_alone("API groups", "(403)", "cluster-role.yaml").works(TO_THE_ANSWER).works(["list pods"]);
    examined.not_tried(["list ciliumnetworkpolicies.cilium.io"], "API groups");
    let examined = Examined::with(&world, &["privEscalation", "--cluster", "alpha"]).await;
    assert_eq!((examined.exit, &examined.step("API groups")["status"]), (0, &"note".into()));
}

#[tokio::test]
async fn a_certificate_of_another_authority_fails_at_tls_and_an_endpoint_that_nobody_answers_at_connect() {
    for (endpoint, failing, advice) in
        [(EndpointKind::WrongCa, "TLS", "proxy"), (EndpointKind::Unreachable, "connect", "publicAccessCidrs")]
    {
        let world = world(vec![ClusterSpec { endpoint, ..compliant("alpha") }]).await;
        let examined = Examined::of(&world).await;
        examined.fails_alone(failing, "Kubernetes API", advice);
        let at = TO_THE_ANSWER.iter().position(|step| *step == failing).unwrap();
        examined.works(TO_THE_ANSWER.into_iter().take(at)).works(["DescribeCluster", "PutEvaluations"]);
        examined.not_tried(TO_THE_ANSWER.into_iter().skip(at + 1).chain(["API groups", "objects"]), failing);
    }
}

#[tokio::test]
async fn a_cluster_that_cannot_be_judged_in_its_status_fails_at_its_description() {
    for (status, detail, advice) in [
        ("DELETING", "being deleted", "NOT_APPLICABLE"),
        ("CREATING", "CREATING", "ACTIVE"),
        ("FAILED", "FAILED", "Mend or delete"),
    ] {
        let cluster = ClusterSpec { status: status.to_owned(), ..compliant("alpha") };
        let examined = Examined::of(&world(vec![cluster]).await).await;
        examined.fails_alone("DescribeCluster", detail, advice).works(["ListClusters", "PutEvaluations"]);
        examined.not_tried(TO_THE_ANSWER.into_iter().chain(["objects"]), "DescribeCluster");
    }
    let connector = ClusterSpec { connector: true, ..compliant("alpha") };
    Examined::of(&world(vec![connector]).await).await.fails_alone("DescribeCluster", "Connector", "excludedClusters");
    let examined = Examined::of(&world(vec![compliant("beta")]).await).await;
    examined.fails_alone("DescribeCluster", "gone", "name and region");
    assert_eq!(examined.step("ListClusters")["detail"], "1 cluster in eu-west-1, alpha not among them");
}

#[tokio::test]
async fn each_call_to_aws_that_is_denied_is_told_and_hides_no_other() {
    for (service, operation, right) in [
        ("eks", "ListClusters", "eks:ListClusters"),
        ("eks", "DescribeCluster", "eks:DescribeCluster"),
        ("config", "PutEvaluations", "config:PutEvaluations"),
    ] {
        let world = world(vec![compliant("alpha")]).await;
        world.script(Fault::aws(service, operation, denied(right)).times(usize::MAX));
        let examined = Examined::of(&world).await;
        examined.fails_alone(operation, "not authorized", right);
        let all = ["credentials", "ListClusters", "DescribeCluster", "PutEvaluations"];
        examined.works(all.into_iter().filter(|step| *step != operation));
    }
}

#[tokio::test]
async fn a_parameter_that_systems_manager_does_not_have_is_told_and_the_rest_is_examined() {
    let world = furnished().await;
    let parameters = r#"{"trustedRegistries": "ssm:/nowhere", "excludedNamespaces": "ssm:/eks-config-rules/trusted"}"#;
    let examined = Examined::with(&world, &["--cluster", "alpha", "--parameters", parameters]).await;
    examined.fails_alone("trustedRegistries ssm:/nowhere", "ParameterNotFound", "ssm:GetParameter");
    examined.works(["excludedNamespaces ssm:/eks-config-rules/trusted", "list pods"]);
    let parameters = r#"{"exemptions": "ssm:/eks-config-rules/trusted"}"#;
    let examined = Examined::with(&world, &["privEscalation", "--cluster", "alpha", "--parameters", parameters]).await;
    examined.fails_alone("parameters", "exemptions", "Correct").works(["list pods"]);
}

#[tokio::test]
async fn ecr_is_examined_where_the_parameters_ask_it_and_each_right_that_is_missing_is_told() {
    const OPERATIONS: [&str; 4] =
        ["DescribeRepositories", "DescribeImages", "DescribeImageScanFindings", "BatchGetImage"];
    let gated = r#"{"trustedRegistries": "public.ecr.aws", "failOnSeverity": "HIGH"}"#;
    let arguments = ["trustedRegCheck", "--cluster", "alpha", "--parameters", gated];
    let with_repository = || async {
        let account = AccountSpec {
            clusters: vec![compliant("alpha")],
            repositories: vec![RepositorySpec::new("eu-west-1", "team/app", Vec::new())],
            ..AccountSpec::new(OWN_ACCOUNT)
        };
        start(WorldSpec { accounts: vec![account], ..WorldSpec::default() }).await
    };
    let steps = OPERATIONS.map(|operation| format!("ecr:{operation}"));
    let examined = Examined::with(&with_repository().await, &arguments).await;
    assert_eq!(examined.exit, 0, "{examined:#?}");
    examined.works(steps.iter().map(String::as_str));
    for (operation, step) in OPERATIONS.into_iter().zip(&steps) {
        let world = with_repository().await;
        world.script(Fault::aws("ecr", operation, denied(step)).times(usize::MAX));
        let examined = Examined::with(&world, &arguments).await;
        examined.fails_alone(step, "not authorized", "Allow the action").works(["list pods", "PutEvaluations"]);
    }
    let examined = Examined::with(&world(vec![compliant("alpha")]).await, &arguments).await;
    assert_eq!(examined.exit, 0, "{examined:#?}");
    assert!(examined.step(&steps[0])["detail"].as_str().unwrap().contains("no repository of account 111122223333"));
    let ungated = Examined::of(&with_repository().await).await;
    assert!(!ungated.steps.iter().any(|step| named(step).starts_with("ecr:")), "{ungated:#?}");
}

#[tokio::test]
async fn a_context_is_examined_without_aws() {
    let cluster = ClusterSpec { denied: vec!["pods".to_owned()], ..compliant("alpha") };
    let world = world(vec![cluster]).await;
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor-kubeconfig-{}", std::process::id()));
    std::fs::write(&path, world.kubeconfig("alpha").unwrap()).unwrap();
    let arguments = ["--context", "alpha", "--kubeconfig", path.to_str().unwrap()];
    let examined = Examined::with(&world, &arguments).await;
    examined.fails_alone("list pods", "may not list pods (403)", "cluster-role.yaml").works(["connect", "TLS"]);
    let gated = r#"{"trustedRegistries": "public.ecr.aws", "failOnSeverity": "HIGH"}"#;
    let ecr = Examined::with(&world, &[&arguments[..], &["--parameters", gated]].concat()).await;
    std::fs::remove_file(&path).unwrap();
    assert!(ecr.step("ECR")["advice"].as_str().unwrap().contains("--cluster"), "{ecr:#?}");
    assert_eq!(world.aws_requests(), []);
}

#[tokio::test]
async fn the_table_says_what_to_do_and_lets_nobody_write_to_the_terminal() {
    let world = world(vec![compliant("alpha")]).await;
    let message = "\u{1b}[31mred\u{1b}[0m\r\n\u{202e}backwards <script>";
    let action = FaultAction::kubernetes_status(403, "Forbidden", message);
    world.script(Fault::kubernetes("alpha", "pods", action).times(usize::MAX));
    let (exit, text) = told(&world, &["--cluster", "alpha", "--parameters", REGISTRIES]).await;
    assert_eq!(exit, 3);
    assert!(!text.chars().any(|character| character != '\n' && character.is_control() || character == '\u{202e}'));
    let advice = "  - list pods: Apply infra/kubernetes/cluster-role.yaml and give the access entry its group";
    assert!(text.contains(advice) && text.contains("FAILED"), "{text}");
    for (name, secret) in world.environment() {
        assert!(!name.contains("SECRET") && !name.contains("TOKEN") || !text.contains(&secret), "{name}");
    }
}
