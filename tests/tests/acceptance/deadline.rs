//! The deadline: before Lambda ends the function, what is judged is reported and the rest named.

use std::time::Duration;

use acceptance::{Event, compliant, options, seeded, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{Fault, FaultAction, InvokeOptions};

/// Much more than judging two small clusters takes, and little enough to be waited for.
const DEADLINE: Duration = Duration::from_secs(6);

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn soon() -> InvokeOptions {
    InvokeOptions { deadline: DEADLINE, ..options() }
}

#[tokio::test]
async fn a_stalled_cluster_keeps_no_other_from_being_reported() {
    let world = world(vec![compliant("alpha"), violating("beta"), violating("gamma")]).await;
    let earlier = seeded(&schedule(), "AWS::EKS::Cluster", "alpha");
    world.seed_evaluation(earlier.clone());
    world.script(Fault::kubernetes("alpha", "pods", FaultAction::Stall).times(usize::MAX));
    let run = schedule().run_with(&world, soon()).await;
    let parts = ["1 of 3 clusters not judged: alpha: deadline: the time ran out", "`clusters`"];
    run.failed_with("ClustersNotJudged", &parts);
    assert!(run.invocation.elapsed < DEADLINE, "{:?}", run.invocation.elapsed);
    let said: Vec<_> = verdicts(&world).into_keys().collect();
    assert_eq!(said, ["beta", "gamma"]);
    assert!(world.evaluations().contains(&earlier));
}

#[tokio::test]
async fn clusters_whose_turn_never_comes_are_named_too() {
    let world = world((0..9).map(|number| compliant(&format!("cluster-{number}"))).collect()).await;
    // Four are read at a time, and these four never end.
    for number in 0..4 {
        world.script(Fault::kubernetes(&format!("cluster-{number}"), "pods", FaultAction::Stall).times(usize::MAX));
    }
    let run = schedule().run_with(&world, soon()).await;
    let message = run.failed_with("ClustersNotJudged", &["9 of 9 clusters not judged: "]);
    assert!(run.invocation.elapsed < DEADLINE, "{:?}", run.invocation.elapsed);
    for number in 0..9 {
        assert!(message.contains(&format!("cluster-{number}: deadline: ")), "{message}");
    }
    assert_eq!(world.put_calls(), []);
}
