//! `ssm:NAME` in place of a list that is too long for AWS Config.

use acceptance::{Event, Run, asked, clean_pod, compliant, start, verdicts, violating};
use eks_rules::RuleName;
use loopback::{
    AccountSpec, ClusterSpec, FUNCTION_ROLE, Fault, FaultAction, OWN_ACCOUNT, ParameterSpec, RoleSpec, World, WorldSpec,
};

/// An account with these clusters and Systems Manager parameters (name, type, value).
async fn account(clusters: Vec<ClusterSpec>, parameters: &[(&str, &str, &str)]) -> World {
    let parameter = |(name, kind, value): &(&str, &str, &str)| ParameterSpec {
        name: (*name).to_owned(),
        kind: (*kind).to_owned(),
        value: (*value).to_owned(),
    };
    start(WorldSpec {
        accounts: vec![AccountSpec {
            clusters,
            roles: vec![RoleSpec::new("auditor")],
            parameters: parameters.iter().map(parameter).collect(),
            ..AccountSpec::new(OWN_ACCOUNT)
        }],
        ..WorldSpec::default()
    })
    .await
}

fn told(world: &World) -> Vec<(String, String)> {
    verdicts(world).into_iter().collect()
}

fn owned(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(id, said)| ((*id).to_owned(), (*said).to_owned())).collect()
}

#[tokio::test]
async fn trusted_registries_come_from_systems_manager_once_an_invocation() {
    let clusters = vec![compliant("alpha"), violating("beta"), compliant("gamma")];
    let trusted = "docker.io/library,\n public.ecr.aws/docker";
    let world = account(clusters, &[("/eks-config-rules/trusted", "StringList", trusted)]).await;
    let event = Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", "ssm:/eks-config-rules/trusted");
    event.run(&world).await.succeeded();
    let expected = [("alpha", "COMPLIANT"), ("beta", "NON_COMPLIANT"), ("gamma", "COMPLIANT")];
    assert_eq!(told(&world), owned(&expected));
    assert_eq!(asked(&world, "GetParameter"), 1);
    assert_eq!(world.aws_requests()[0].body["Name"], "/eks-config-rules/trusted");
}

#[tokio::test]
async fn trusted_chart_sources_come_from_systems_manager_too() {
    let repository = serde_json::json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": {"namespace": "shop", "name": "stable"}, "spec": {"url": "https://charts.example/stable"},
    });
    let mut cluster = compliant("alpha");
    cluster.objects.push(repository);
    let world = account(vec![cluster], &[("charts", "StringList", "ghcr.io,charts.example")]).await;
    let event = Event::schedule(RuleName::TrustedRegCheck).with("trustedChartSources", "ssm:charts");
    event.run(&world).await.succeeded();
    assert_eq!(told(&world), owned(&[("alpha", "COMPLIANT")]));
}

#[tokio::test]
async fn a_list_that_changes_is_read_anew_in_the_next_invocation() {
    let world = account(vec![compliant("alpha")], &[("trusted", "String", "public.ecr.aws")]).await;
    let event = Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", "ssm:trusted");
    let mut function =
        world.function(&acceptance::binary(RuleName::TrustedRegCheck.binary()), acceptance::options()).await.unwrap();
    for _ in 0..2 {
        function.deliver(&event.issued(&world)).await.unwrap();
    }
    assert_eq!(asked(&world, "GetParameter"), 2);
    assert_eq!(told(&world), owned(&[("alpha", "COMPLIANT")]));
}

#[tokio::test]
async fn exemptions_and_lists_of_clusters_and_namespaces_may_be_references() {
    let exemptions = r#"[{"namespace": "shop", "owner": {"kind": "Pod", "name": "app"}, "reason": "agreed"}]"#;
    let world = account(
        vec![violating("alpha"), violating("beta"), violating("delta")],
        &[("exemptions", "String", exemptions), ("names", "StringList", "alpha,beta"), ("not", "StringList", "beta")],
    )
    .await;
    let event = Event::schedule(RuleName::PrivEscalation)
        .with("exemptions", "ssm:exemptions")
        .with("clusters", "ssm:names")
        .with("excludedClusters", "ssm:not")
        .with("excludedNamespaces", "ssm:not");
    event.run(&world).await.succeeded();
    assert_eq!(told(&world), owned(&[("alpha", "COMPLIANT")]));
    // Two parameters name the same list.
    assert_eq!(asked(&world, "GetParameter"), 3);
}

#[tokio::test]
async fn references_are_read_with_the_functions_own_role() {
    let world = account(vec![compliant("alpha")], &[("trusted", "String", "public.ecr.aws")]).await;
    let event = Event::schedule(RuleName::TrustedRegCheck)
        .with("trustedRegistries", "ssm:trusted")
        .with("executionRoleName", "auditor");
    event.run(&world).await.succeeded();
    let roles = |operation: &str| {
        let of = world.aws_requests().into_iter().filter(|request| request.operation == operation);
        of.map(|request| request.role).collect::<Vec<_>>()
    };
    assert_eq!(
        (roles("GetParameter"), roles("PutEvaluations")),
        (vec![FUNCTION_ROLE.to_owned()], vec!["auditor".to_owned()])
    );
}

/// Expects that the parameter is refused in these words, and nothing read or said.
#[track_caller]
fn refused(world: &World, run: &Run, parts: &[&str]) {
    run.failed_with("InvalidParameter", parts);
    assert_eq!((world.put_calls().len(), asked(world, "ListClusters")), (0, 0));
}

#[tokio::test]
async fn a_reference_that_leads_nowhere_is_refused() {
    let world = account(vec![compliant("alpha")], &[]).await;
    for (reference, part) in
        [("ssm:/not/there", "Parameter /not/there not found"), ("ssm:", "without a name"), ("ssm:  ", "without a name")]
    {
        let run = Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", reference).run(&world).await;
        refused(&world, &run, &["trustedRegistries", part, "ssm:GetParameter"]);
    }
}

#[tokio::test]
async fn a_secret_parameter_is_refused_and_its_value_not_told() {
    let world = account(vec![compliant("alpha")], &[("hidden", "SecureString", "a-secret-value")]).await;
    let run = Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", "ssm:hidden").run(&world).await;
    refused(&world, &run, &["trustedRegistries", "ssm:hidden", "SecureString", "String or StringList"]);
    assert!(!format!("{:?}", run.invocation).contains("a-secret-value"));
}

#[tokio::test]
async fn a_reference_that_may_not_be_read_is_refused() {
    let world = account(vec![compliant("alpha")], &[("trusted", "String", "public.ecr.aws")]).await;
    // Systems Manager spells the member in upper case.
    let denied = FaultAction::Status {
        code: 400,
        headers: vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())],
        body:
            r#"{"__type": "AccessDeniedException", "Message": "User is not authorized to perform: ssm:GetParameter"}"#
                .to_owned(),
    };
    world.script(Fault::aws("ssm", "GetParameter", denied));
    let run = Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", "ssm:trusted").run(&world).await;
    refused(&world, &run, &["trustedRegistries", "ssm:trusted", "not authorized"]);
}

#[tokio::test]
async fn a_value_that_a_parameter_may_not_have_is_refused_wherever_it_comes_from() {
    let world =
        account(vec![compliant("alpha")], &[("trusted", "String", "busybox"), ("exempt", "String", "[{}]")]).await;
    let run = Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", "ssm:trusted").run(&world).await;
    refused(&world, &run, &["trustedRegistries", "busybox", "docker.io/library/busybox"]);
    let run = Event::schedule(RuleName::PrivEscalation).with("exemptions", "ssm:exempt").run(&world).await;
    refused(&world, &run, &["exemptions", "namespace"]);
}

#[tokio::test]
async fn a_reference_where_none_may_be_is_a_value_that_is_not_allowed() {
    let world = account(vec![ClusterSpec::new("alpha", vec![clean_pod("app")])], &[("r", "String", "effective")]).await;
    let run = Event::schedule(RuleName::PrivEscalation).with("reading", "ssm:r").run(&world).await;
    refused(&world, &run, &["reading", "ssm:r", "effective, restricted, explicit"]);
    assert_eq!(asked(&world, "GetParameter"), 0);
}
