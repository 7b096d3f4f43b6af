//! Parsing YAML is most of the work on manifests, and documents do not depend on each other: they are parsed in batches
//! on every core, and what they hold is taken in their order.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, Scope};

use serde_json::Value;

use super::document::Take;
use super::error::Position;
use super::yaml::Batch;

/// What a batch holds, in its order.
type Found = Vec<(Position, Result<Value, String>)>;

/// A batch, and where what it holds is sent to.
type Job = (Batch, Sender<Found>);

/// More threads than this would wait for the one that takes the objects.
const MOST: usize = 8;

/// The stack of a thread: that of the main thread, for the nesting that is allowed.
const STACK: usize = 8 * 1024 * 1024;

/// Threads that parse; there are none until there is more than one batch.
pub(super) struct Parsers<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    jobs: Option<Sender<Job>>,
    threads: usize,
    /// The batches that are being parsed, in order.
    under_way: VecDeque<Receiver<Found>>,
}

impl<'scope, 'env> Parsers<'scope, 'env> {
    /// No threads yet.
    pub(super) const fn new(scope: &'scope Scope<'scope, 'env>) -> Self {
        Self { scope, jobs: None, threads: 0, under_way: VecDeque::new() }
    }

    /// Has a batch parsed, and takes what earlier ones hold where too many are under way.
    pub(super) fn parse(&mut self, batch: Batch, taker: &mut impl Take) {
        if self.jobs.is_none() {
            self.start();
        }
        let Some(jobs) = self.jobs.as_ref().filter(|_| self.threads > 0) else {
            batch.parse(taker);
            return;
        };
        let (sender, receiver) = channel();
        // It fails only where every thread panicked, and then so does the scope.
        let _ = jobs.send((batch, sender));
        self.under_way.push_back(receiver);
        while self.under_way.len() > 2 * self.threads {
            self.take_first(taker);
        }
    }

    /// Takes what all batches hold, and what the last one holds.
    pub(super) fn finish(&mut self, last: Batch, taker: &mut impl Take) {
        while !self.under_way.is_empty() {
            self.take_first(taker);
        }
        last.parse(taker);
    }

    fn take_first(&mut self, taker: &mut impl Take) {
        let Some(receiver) = self.under_way.pop_front() else { return };
        for (position, object) in receiver.recv().into_iter().flatten() {
            taker.take(position, object);
        }
    }

    fn start(&mut self) {
        let (sender, receiver) = channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let wanted = thread::available_parallelism().map_or(1, usize::from).min(MOST);
        for _ in 0..wanted {
            let receiver = Arc::clone(&receiver);
            let thread = thread::Builder::new().stack_size(STACK);
            if thread.spawn_scoped(self.scope, move || work(&receiver)).is_ok() {
                self.threads += 1;
            }
        }
        self.jobs = Some(sender);
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = match jobs.lock() {
            Ok(jobs) => jobs.recv(),
            Err(_) => return,
        };
        let Ok((batch, sender)) = job else { return };
        let mut found = Found::new();
        batch.parse(&mut found);
        // Nobody waits for it only where the whole program ends.
        let _ = sender.send(found);
    }
}
