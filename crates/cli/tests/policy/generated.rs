use std::env;
use std::fmt::Debug;
use std::str::FromStr;

use fastrand::Rng;

use crate::admission::{Matches, Policy, Reasons};
use crate::pods::{object, parameters};
use crate::rule::{ACCOUNT, REGION, Rule};

/// How many pods one set of parameters meets.
const PODS_OF_A_SET: usize = 50;

fn setting<T: FromStr<Err: Debug>>(name: &str, default: T) -> T {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// `POLICY_SEED` and `POLICY_PODS` choose other pods, and more of them.
fn agrees(rule: &str, fewest: (usize, usize)) {
    let seed: u64 = setting("POLICY_SEED", 20_260_101);
    let pods: usize = setting("POLICY_PODS", 10_000);
    println!("POLICY_SEED={seed} POLICY_PODS={pods}");
    let mut random = Rng::with_seed(seed);
    let mut refused = 0;
    for _ in 0..pods.div_ceil(PODS_OF_A_SET) {
        let parameters = parameters(&mut random, rule);
        let further = ["--account", ACCOUNT, "--region", REGION];
        let policy = Policy::of(rule, &parameters, &further, Matches::Remembering);
        let judgement = Rule::new(rule, &parameters);
        for _ in 0..PODS_OF_A_SET {
            let object = object(&mut random);
            let expected = judgement.reasons(&object);
            assert_eq!(policy.reasons(&object), expected, "seed {seed}: {parameters}: {object:#}");
            refused += usize::from(expected != Reasons::new());
        }
    }
    let share = refused * 100 / pods;
    assert!(share >= fewest.0 && share <= fewest.1, "{share} % of {pods} are refused");
}

#[test]
fn priv_escalation_and_its_policy_agree_on_generated_pods() {
    agrees("privEscalation", (20, 80));
}

#[test]
fn trusted_reg_check_and_its_policy_agree_on_generated_pods() {
    agrees("trustedRegCheck", (20, 95));
}
