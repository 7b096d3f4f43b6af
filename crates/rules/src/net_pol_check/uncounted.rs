use std::collections::{BTreeMap, BTreeSet};

use crate::object::Metadata;
use crate::rule::first_few;

/// How many policies or namespaces a note names.
pub(super) const NAMED: usize = 5;

/// Policies that do not count as their writers may expect, by kind and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uncounted {
    policies: BTreeMap<(&'static str, String), BTreeSet<String>>,
}

impl Uncounted {
    /// Adds a policy, with why, in words that may follow its name.
    pub(super) fn add(&mut self, kind: &'static str, metadata: &Metadata, why: String) {
        let Metadata { namespace, name, .. } = metadata;
        let name = if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") };
        self.policies.entry((kind, why)).or_default().insert(name);
    }

    /// One note for each kind and reason.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.policies.iter().map(|((kind, why), names)| format!("{kind} {}: {why}", first_few(names, NAMED)))
    }
}
