//! Schedules of faults: a small world, an event, and what goes wrong in it, all from one number.

mod faults;
mod promise;
mod small_world;

use eks_rules::RuleName;
use loopback::{Fault, FaultAction, FaultTarget, World, WorldSpec};

use crate::event::Event;
use faults::Reach;

pub use promise::{Outcome, broken_promise};

/// The number that an environment variable holds, where it is set.
#[must_use]
pub fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}

/// A world, an event, and the faults that strike it.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What it was made from.
    pub seed: u64,
    /// The faults, in the order of scripting.
    pub faults: Vec<Fault>,
    spec: WorldSpec,
    event: Event,
    /// How many objects a page has at most.
    page: usize,
    /// What AWS Config holds from earlier runs: resource type and id.
    earlier: Vec<(&'static str, String)>,
}

impl Schedule {
    /// How many schedules in a row have the same world and event, so that what happens without faults is found out once.
    pub const SAME_WORLD: u64 = 5;

    /// The schedule of a seed. Where faults may not last (`patient` is false) none makes a function wait for long.
    #[must_use]
    pub fn of(seed: u64, patient: bool) -> Self {
        let mut random = fastrand::Rng::with_seed(seed / Self::SAME_WORLD);
        let rule = RuleName::ALL[random.usize(..RuleName::ALL.len())];
        let world = small_world::generate(&mut random, rule, seed);
        let mut random = fastrand::Rng::with_seed(seed);
        let reach = Reach { rule, clusters: &world.names, patient };
        let faults = (0..random.usize(1..=5)).map(|_| faults::generate(&mut random, &reach)).collect();
        let small_world::SmallWorld { spec, event, page, earlier, .. } = world;
        Self { seed, faults, spec, event, page, earlier }
    }

    /// The same world and event without a fault.
    #[must_use]
    pub fn calm(&self) -> Self {
        Self { faults: Vec::new(), ..self.clone() }
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> RuleName {
        self.event.rule()
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// The world before it is started.
    #[must_use]
    pub const fn spec(&self) -> &WorldSpec {
        &self.spec
    }

    /// Scripts the faults in a world of this schedule that was started, and puts the earlier results into its AWS Config.
    pub fn script(&self, world: &World) {
        for (kind, id) in &self.earlier {
            world.seed_evaluation(crate::said::seeded(&self.event, kind, id));
        }
        for fault in &self.faults {
            world.script(fault.clone());
        }
        let target = FaultTarget::Kubernetes { cluster: "*".to_owned(), resource: "*".to_owned() };
        let pages = FaultAction::ShortPage(self.page);
        world.script(Fault { target, after: 0, times: usize::MAX, action: pages });
    }

    /// The schedules with one fault less.
    pub fn smaller(&self) -> impl Iterator<Item = Self> {
        (0..self.faults.len()).map(|left_out| {
            let mut smaller = self.clone();
            smaller.faults.remove(left_out);
            smaller
        })
    }

    /// The faults in words, for whoever has to find out.
    #[must_use]
    pub fn told(&self) -> String {
        let mut told = format!("seed {}: {} with {} clusters\n", self.seed, self.rule(), self.clusters().count());
        for fault in &self.faults {
            told.push_str(&format!("  {fault:?}\n"));
        }
        told
    }

    fn clusters(&self) -> impl Iterator<Item = &str> {
        self.spec.accounts.iter().flat_map(|account| &account.clusters).map(|cluster| cluster.name.as_str())
    }
}
