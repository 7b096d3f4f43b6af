//! Faults between a function and AWS: each row strikes each step, in an invocation of its own where it stays.

use std::collections::BTreeSet;
use std::time::Duration;

use acceptance::{Event, asked, compliant, evaluations, options, seeded, start, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{
    AccountSpec, ClusterSpec, Fault, FaultAction, InvokeOptions, OWN_ACCOUNT, ParameterSpec, RoleSpec, World, WorldSpec,
};

use super::all;

/// A call of an invocation.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    service: &'static str,
    operation: &'static str,
    /// How many calls of the operation are answered properly first.
    after: usize,
    /// The error's type where the call fails for good, and what it advises.
    error_type: &'static str,
    advice: &'static str,
    /// What is being done, where the call stalls until the deadline.
    doing: &'static str,
}

#[rustfmt::skip]
const STEPS: [Step; 12] = [
    Step { name: "GetParameter", service: "ssm", operation: "GetParameter", after: 0,
        error_type: "InvalidParameter", advice: "ssm:GetParameter", doing: "reading ssm: parameters" },
    Step { name: "GetCallerIdentity", service: "sts", operation: "GetCallerIdentity", after: 0,
        error_type: "CredentialsFailed", advice: "its way to the STS endpoint", doing: "getting credentials" },
    Step { name: "AssumeRole", service: "sts", operation: "AssumeRole", after: 0,
        error_type: "CredentialsFailed", advice: "infra/member-role.yaml", doing: "getting credentials" },
    Step { name: "ListClusters, page 1", service: "eks", operation: "ListClusters", after: 0,
        error_type: "ListClustersFailed", advice: "allow eks:ListClusters", doing: "listing the clusters" },
    Step { name: "ListClusters, page 2", service: "eks", operation: "ListClusters", after: 1,
        error_type: "ListClustersFailed", advice: "allow eks:ListClusters", doing: "listing the clusters" },
    Step { name: "DescribeCluster", service: "eks", operation: "DescribeCluster", after: 1,
        error_type: "ClustersNotJudged", advice: "Allow eks:DescribeCluster", doing: "" },
    Step { name: "DescribeAddon", service: "eks", operation: "DescribeAddon", after: 1,
        error_type: "ClustersNotJudged", advice: "Allow eks:DescribeAddon", doing: "" },
    Step { name: "GetComplianceDetailsByConfigRule, page 1", service: "config",
        operation: "GetComplianceDetailsByConfigRule", after: 0, error_type: "CleanUpFailed",
        advice: "allow config:GetComplianceDetailsByConfigRule", doing: "looking up earlier results" },
    Step { name: "GetComplianceDetailsByConfigRule, page 2", service: "config",
        operation: "GetComplianceDetailsByConfigRule", after: 1, error_type: "CleanUpFailed",
        advice: "allow config:GetComplianceDetailsByConfigRule", doing: "looking up earlier results" },
    Step { name: "PutEvaluations, chunk 1", service: "config", operation: "PutEvaluations", after: 0,
        error_type: "PutEvaluationsFailed", advice: "allow config:PutEvaluations", doing: "reporting to AWS Config" },
    Step { name: "PutEvaluations, chunk 2", service: "config", operation: "PutEvaluations", after: 1,
        error_type: "PutEvaluationsFailed", advice: "allow config:PutEvaluations", doing: "reporting to AWS Config" },
    Step { name: "PutEvaluations, chunk 3", service: "config", operation: "PutEvaluations", after: 2,
        error_type: "PutEvaluationsFailed", advice: "allow config:PutEvaluations", doing: "reporting to AWS Config" },
];

/// How many clusters make three chunks.
const MANY: usize = 203;

impl Step {
    fn reports(&self) -> bool {
        self.operation == "PutEvaluations"
    }

    fn event(&self) -> Event {
        let event = match self.reports() {
            true => Event::schedule(RuleName::PrivEscalation),
            false => Event::schedule(RuleName::NetPolCheck).with("requires", "any").with("enforcement", "require"),
        };
        match self.operation {
            "AssumeRole" => event.with("executionRoleName", "auditor"),
            "GetParameter" => event.with("clusters", "ssm:clusters"),
            _ => event,
        }
    }

    /// The world of this step: two clusters and two results of clusters that are gone, or very many clusters.
    async fn world(&self) -> World {
        if self.reports() { three_chunks().await } else { two_clusters(&self.event()).await }
    }

    /// The clusters that the chunk of this step is about.
    fn chunk(&self) -> std::ops::Range<usize> {
        self.after * 100..MANY.min(self.after * 100 + 100)
    }

    fn strike(&self, action: &FaultAction, times: usize) -> Fault {
        Fault::aws(self.service, self.operation, action.clone()).after(self.after).times(times)
    }
}

fn cluster_name(number: usize) -> String {
    format!("cluster-{number:03}")
}

/// A world of clusters that cost nothing to judge.
async fn three_chunks() -> World {
    let deleting =
        |number| ClusterSpec { status: "DELETING".to_owned(), ..ClusterSpec::new(&cluster_name(number), Vec::new()) };
    world((0..MANY).map(deleting).collect()).await
}

async fn two_clusters(event: &Event) -> World {
    let world = start(WorldSpec {
        list_clusters_page: 1,
        compliance_details_page: 1,
        accounts: vec![AccountSpec {
            clusters: vec![compliant("alpha"), violating("beta")],
            roles: vec![RoleSpec::new("auditor")],
            parameters: vec![ParameterSpec {
                name: "clusters".to_owned(),
                kind: "StringList".to_owned(),
                value: "alpha,beta".to_owned(),
            }],
            ..AccountSpec::new(OWN_ACCOUNT)
        }],
        ..WorldSpec::default()
    })
    .await;
    for gone in ["gone-1", "gone-2"] {
        world.seed_evaluation(seeded(event, "AWS::EKS::Cluster", gone));
    }
    world
}

/// A fault that no further try mends, or that outlasts all of them.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) action: FaultAction,
    /// How often the call is made in all.
    pub(super) attempts: usize,
    /// What the error says of the cause.
    pub(super) cause: &'static str,
}

fn error(code: u16, name: &str, message: &str) -> FaultAction {
    FaultAction::AwsError { code, name: name.to_owned(), message: message.to_owned() }
}

/// Faults that pass, each with how often the call is made more than otherwise.
pub(super) fn passing() -> Vec<(&'static str, FaultAction, usize)> {
    vec![
        ("throttled once", FaultAction::throttled(), 1),
        ("500 once", error(500, "InternalFailure", "try again"), 1),
        ("503 once", error(503, "ServiceUnavailable", "try again"), 1),
        ("connection reset once", FaultAction::ResetConnection, 1),
        // PutEvaluations has been carried out then: to say the same twice is no harm.
        ("answer that breaks off once", FaultAction::TruncateBody, 1),
        ("connection that is drained", FaultAction::Close, 0),
        ("answer that comes late", FaultAction::Delay(Duration::from_millis(300)), 0),
    ]
}

pub(super) fn staying() -> Vec<Row> {
    let row = |name, action, attempts, cause| Row { name, action, attempts, cause };
    vec![
        row("throttled for ever", FaultAction::throttled(), 4, "Rate exceeded"),
        row("500 for ever", error(500, "InternalFailure", "no capacity"), 4, "no capacity"),
        row("503 for ever", error(503, "ServiceUnavailable", "no service"), 4, "no service"),
        row("connection reset for ever", FaultAction::ResetConnection, 4, ""),
        row("answer that breaks off for ever", FaultAction::TruncateBody, 4, ""),
        row(
            "AccessDenied",
            error(400, "AccessDeniedException", "is not authorized to perform"),
            1,
            "is not authorized",
        ),
        row("expired credentials", error(403, "ExpiredTokenException", "the token is expired"), 1, "token is expired"),
        row("answer that is no answer", FaultAction::InvalidJson, 1, ""),
        row("not found", error(404, "ResourceNotFoundException", "nothing of that name"), 1, "nothing of that name"),
    ]
}

/// Whether what is not found is nothing to speak of at this step: a cluster that is gone, an add-on that is not there.
fn may_be_gone(row: &Row, step: &Step) -> bool {
    row.name == "not found" && matches!(step.operation, "DescribeCluster" | "DescribeAddon")
}

/// Strikes one step so that it fails, and expects the error of that step, and everything else reported.
async fn is_told(row: Row, step: Step) {
    let case = format!("{} × {}", row.name, step.name);
    let world = step.world().await;
    // Of the chunks only one is to fail.
    let times = if step.reports() { row.attempts } else { usize::MAX };
    world.script(step.strike(&row.action, times));
    let run = step.event().run(&world).await;
    if may_be_gone(&row, &step) {
        run.succeeded();
        assert_eq!(evaluations(&world).len(), 4, "{case}");
        let gone = verdicts(&world).values().filter(|said| *said == "NOT_APPLICABLE").count();
        assert_eq!(gone, if step.operation == "DescribeCluster" { 3 } else { 2 }, "{case}");
        return;
    }
    let message = run.failed_with(step.error_type, &[step.advice, row.cause]);
    if step.reports() {
        let others = 2;
        assert_eq!(asked(&world, step.operation), row.attempts + others, "{case}");
    } else {
        assert_eq!(asked(&world, step.operation), step.after + row.attempts, "{case}");
    }
    reported(
        &world,
        &step,
        row.name == "answer that breaks off for ever" || row.name == "answer that is no answer",
        &case,
    );
    if step.reports() {
        let chunk = step.chunk();
        for number in 0..MANY {
            assert_eq!(message.contains(&cluster_name(number)), chunk.contains(&number), "{case}: {number}");
        }
    }
}

/// Expects that what the step has no part in was reported. A call that was `carried_out` all the same counts too.
fn reported(world: &World, step: &Step, carried_out: bool, case: &str) {
    let said = verdicts(world);
    match step.error_type {
        "PutEvaluationsFailed" => {
            for number in 0..MANY {
                let expected = carried_out || !step.chunk().contains(&number);
                assert_eq!(said.contains_key(&cluster_name(number)), expected, "{case}: {number}");
            }
        }
        "CleanUpFailed" => {
            assert_eq!(said.keys().collect::<Vec<_>>(), ["alpha", "beta"], "{case}");
        }
        "ClustersNotJudged" => {
            let clusters = ["alpha", "beta"].into_iter().filter(|name| said.contains_key(*name)).count();
            assert_eq!((clusters, said.len()), (1, 3), "{case}: {said:?}");
        }
        _ => assert_eq!(world.put_calls(), [], "{case}"),
    }
    // Nobody takes a cluster for gone that could not be looked at.
    assert!(
        step.reports() || ["alpha", "beta"].iter().all(|name| said.get(*name).is_none_or(|it| it != "NOT_APPLICABLE"))
    );
}

#[tokio::test]
async fn what_passes_changes_nothing() {
    all(passing().into_iter().map(|(name, action, more)| async move {
        // Every step in as few invocations as have them all.
        for steps in [&STEPS[1..2], &STEPS[0..9], &STEPS[9..12]] {
            let event = steps[0].event();
            let event = if steps.len() == 9 { event.with("executionRoleName", "auditor") } else { event };
            let world = steps[0].world().await;
            steps.iter().for_each(|step| world.script(step.strike(&action, 1)));
            event.run(&world).await.succeeded();
            let calm = steps[0].world().await;
            event.run(&calm).await.succeeded();
            for step in steps.iter().filter(|step| steps.len() != 9 || step.name != "GetCallerIdentity") {
                let struck = steps.iter().filter(|other| other.operation == step.operation).count();
                let expected = asked(&calm, step.operation) + more * struck;
                assert_eq!(asked(&world, step.operation), expected, "{name} × {}", step.name);
            }
            assert_eq!(verdicts(&world), verdicts(&calm), "{name} × {}", steps[0].name);
            assert_eq!(world.evaluations().len(), calm.evaluations().len());
        }
    }))
    .await;
}

#[tokio::test]
async fn what_stays_is_told_with_its_step_and_the_rest_is_reported() {
    let cases = staying().into_iter().flat_map(|row| STEPS.map(|step| is_told(row.clone(), step)));
    all(cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn what_stalls_is_left_before_the_deadline() {
    all(STEPS.map(|step| async move {
        let world = step.world().await;
        world.script(step.strike(&FaultAction::Stall, usize::MAX));
        // Time enough to judge what is to be reported.
        let deadline = Duration::from_secs(if step.reports() { 40 } else { 16 });
        let run = step.event().run_with(&world, InvokeOptions { deadline, ..options() }).await;
        if step.error_type == "ClustersNotJudged" {
            run.failed_with(step.error_type, &["1 of 2 clusters not judged: ", "deadline: the time ran out"]);
        } else {
            let message = run.failed_with("DeadlineExceeded", &[&format!("the time ran out while {}", step.doing)]);
            // No chunk is put after one that has taken the time: all of them are named.
            let named = |number| step.reports() && number >= step.chunk().start;
            assert!((0..MANY).all(|number| message.contains(&cluster_name(number)) == named(number)), "{message}");
        }
        if !step.reports() {
            reported(&world, &step, false, step.name);
        }
    }))
    .await;
}

#[tokio::test]
async fn a_chunk_of_which_some_is_not_stored_is_put_again_and_told_where_that_does_not_help() {
    all(STEPS[9..].iter().flat_map(|step| [1, 3].map(|times| (*step, times))).map(|(step, times)| async move {
        let world = step.world().await;
        // A try that only the first evaluations of the chunk fail in, so that the next try is about them alone.
        world.script(step.strike(&FaultAction::FailEvaluations(2), times));
        let run = step.event().run(&world).await;
        let first: Vec<String> = step.chunk().take(2).map(cluster_name).collect();
        if times == 1 {
            run.succeeded();
        } else {
            let message = run.failed_with("PutEvaluationsFailed", &["failed to store, 3 times", &first.join(", ")]);
            assert!(!message.contains(&cluster_name(step.chunk().start + 2)), "{message}");
        }
        assert_eq!(asked(&world, step.operation), 3 + times.min(2), "{}", step.name);
        assert_eq!(verdicts(&world).len(), MANY);
    }))
    .await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_final() {
    all(STEPS[9..].iter().copied().map(|step| async move {
        let world = step.world().await;
        world
            .script(step.strike(&error(400, "InvalidResultTokenException", "The ResultToken is invalid."), usize::MAX));
        let message =
            step.event().run(&world).await.failed_with(step.error_type, &["ResultToken is invalid"]).to_owned();
        assert_eq!(asked(&world, step.operation), step.after + 1);
        for number in 0..MANY {
            let told = number >= step.chunk().start;
            assert_eq!(message.contains(&cluster_name(number)), told, "{}: {number}", step.name);
            assert_eq!(verdicts(&world).contains_key(&cluster_name(number)), !told, "{}: {number}", step.name);
        }
    }))
    .await;
}

#[test]
fn no_case_is_lost() {
    let rows = passing().len() + staying().len() + 1;
    let steps: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
    assert_eq!((rows, steps.len(), rows * steps.len()), (17, 12, 204));
}
