//! Random faults in random small worlds. `SCHEDULES` says how many (1,000), `SCHEDULES_SEED` from which number on (the
//! day's), which is printed: a failure tells its own seed, and the schedule with every fault left out that is not needed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use acceptance::{Schedule, broken_promise, number_from_environment};
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
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let offset = next.fetch_add(1, Ordering::Relaxed);
                    if offset >= count || found.lock().expect("no thread panics with it").is_some() {
                        return;
                    }
                    let schedule = Schedule::of(first + offset, true);
                    let outcome = run(&schedule);
                    struck.fetch_add(usize::from(outcome.struck > 0), Ordering::Relaxed);
                    failed.fetch_add(usize::from(outcome.error.is_some()), Ordering::Relaxed);
                    if let Some(why) = broken_promise(&schedule, &run(&schedule.calm()), &outcome) {
                        *found.lock().expect("no thread panics with it") = Some((schedule, why));
                    }
                }
            });
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
