//! Every fault × every step that it can strike, as named cases against the built binaries, each with what a user sees.
//!
//! A case is named by its fault and its step. The number of cases is asserted, so that none can vanish unnoticed.

mod aws;
mod connections;
mod kubernetes;
mod registry;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many functions run at a time.
const AT_ONCE: usize = 6;

/// Runs these at the same time, a few at once, and fails with the first that fails.
async fn all<F: Future<Output = ()> + Send + 'static>(cases: impl IntoIterator<Item = F>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in cases {
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            let _turn = turns.acquire().await;
            case.await;
        });
    }
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}
