//! Random faults in random small worlds. `SCHEDULES` says how many (1,000), `SCHEDULES_SEED` from which number on (the
//! day's), which is printed: a failure tells its own seed, and the schedule with every fault left out that is not needed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use acceptance::{Outcome, Schedule, broken_promise, number_from_environment};
use schedules::run;

/// The promise that a schedule breaks, if any.
fn broken(schedule: &Schedule) -> Option<String> {
    broken_promise(schedule, &run(&schedule.calm()), &run(schedule))
}

/// The smallest schedule that is left of a broken one, with what it breaks.
fn shrunk(schedule: Schedule, why: String) -> (Schedule, String) {
    let smaller = schedule.smaller().find_map(|smaller| broken(&smaller).map(|why| (smaller, why)));
    match smaller {
        Some((smaller, why)) => shrunk(smaller, why),
        None => (schedule, why),
    }
}

#[test]
fn whatever_goes_wrong_nothing_is_told_that_is_not_so_and_nothing_is_left_out_without_a_word() {
    let count = number_from_environment("SCHEDULES").unwrap_or(1000);
    let day = SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970").as_secs() / 86_400;
    let first = number_from_environment("SCHEDULES_SEED").unwrap_or(day * 1_000_000);
    let begun = Instant::now();
    let (next, struck, failed) = (AtomicU64::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let found = Mutex::new(None);
    let block = || {
        let from = first + next.fetch_add(Schedule::SAME_WORLD, Ordering::Relaxed);
        let whole = found.lock().expect("no thread panics with it").is_none();
        (whole && from < first + count).then(|| from..(from + Schedule::SAME_WORLD).min(first + count))
    };
    let work = || {
        while let Some(seeds) = block() {
            let mut calm: Option<(u64, Outcome)> = None;
            for schedule in seeds.map(|seed| Schedule::of(seed, true)) {
                let world = schedule.seed / Schedule::SAME_WORLD;
                let calm = match &mut calm {
                    Some((of, calm)) if *of == world => &*calm,
                    calm => &calm.insert((world, run(&schedule.calm()))).1,
                };
                let outcome = run(&schedule);
                struck.fetch_add(usize::from(outcome.struck > 0), Ordering::Relaxed);
                failed.fetch_add(usize::from(outcome.error.is_some()), Ordering::Relaxed);
                if let Some(why) = broken_promise(&schedule, calm, &outcome) {
                    *found.lock().expect("no thread panics with it") = Some((schedule, why));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (struck, failed) = (struck.into_inner(), failed.into_inner());
    let seconds = begun.elapsed().as_secs();
    println!("{count} schedules from seed {first} on in {seconds} s: {struck} were struck, {failed} ended in an error");
    if let Some((schedule, why)) = found.into_inner().expect("no thread panicked with it") {
        let (schedule, why) = shrunk(schedule, why);
        panic!("{}{why}", schedule.told());
    }
    // Schedules that strike nothing, or that nothing survives, would prove nothing.
    assert!(
        count < 100 || struck as u64 > count / 2 && failed as u64 > count / 20 && (failed as u64) < count * 19 / 20
    );
}
