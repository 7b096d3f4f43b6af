//! Random faults in random small worlds, as `tests/schedules` has them in process, against the built binaries. `SCHEDULES`
//! says how many (300), `SCHEDULES_SEED` from which number on (the day's), which is printed.

use std::sync::Arc;
use std::time::SystemTime;

use acceptance::{Outcome, Schedule, broken_promise, number_from_environment, start};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many functions run at a time.
const AT_ONCE: usize = 6;

async fn run(schedule: &Schedule) -> Outcome {
    let world = start(schedule.spec().clone()).await;
    schedule.script(&world);
    let run = schedule.event().run(&world).await;
    let error = match run.invocation.outcome {
        loopback::Outcome::Response(_) => None,
        loopback::Outcome::Error { error_type, error_message } => Some((error_type, error_message)),
    };
    Outcome::of(&world, error)
}

#[tokio::test]
async fn whatever_goes_wrong_nothing_is_told_that_is_not_so_and_nothing_is_left_out_without_a_word() {
    let count = number_from_environment("SCHEDULES").unwrap_or(300);
    let day = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400;
    let first = number_from_environment("SCHEDULES_SEED").unwrap_or(day * 1_000_000);
    println!("{count} schedules from seed {first} on");
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for seed in first..first + count {
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            let _turn = turns.acquire().await;
            let schedule = Schedule::of(seed, false);
            let struck = run(&schedule).await;
            let broken = broken_promise(&schedule, &run(&schedule.calm()).await, &struck);
            assert!(broken.is_none(), "{}{}", schedule.told(), broken.unwrap_or_default());
            (struck.struck > 0, struck.error.is_some())
        });
    }
    let (mut struck, mut failed) = (0, 0);
    while let Some(ended) = running.join_next().await {
        let (one_struck, one_failed) = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        struck += u64::from(one_struck);
        failed += u64::from(one_failed);
    }
    println!("{struck} were struck, {failed} ended in an error");
    // Schedules that strike nothing, or that nothing survives, would prove nothing.
    assert!(count < 100 || struck > count / 2 && failed > count / 20 && failed < count * 19 / 20);
}
