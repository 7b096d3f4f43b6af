use std::collections::BTreeSet;

/// How many names are told.
const TOLD: usize = 3;

/// The names of Secrets that a finding is about: the first few in order, whatever the order in which they come, so that
/// memory does not grow with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretNames {
    first: BTreeSet<Box<str>>,
    more: bool,
}

impl SecretNames {
    /// Adds a name. An empty one, which the API lets pass, is none.
    pub(crate) fn add(&mut self, name: &str) {
        if name.is_empty() || self.first.contains(name) {
            return;
        }
        self.first.insert(name.into());
        if self.first.len() > TOLD {
            self.first.pop_last();
            self.more = true;
        }
    }

    /// Adds those of another pod's container of the same name.
    pub(crate) fn merge(&mut self, other: Self) {
        other.first.iter().for_each(|name| self.add(name));
        self.more |= other.more;
    }

    /// The names in words: `Secret db`, `Secrets api-key, db`, `Secrets a, b, c and others`.
    #[must_use]
    pub fn worded(&self) -> String {
        let names = self.first.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
        match self.first.len() {
            0 => "the Secret".to_owned(),
            1 => format!("Secret {names}"),
            _ if self.more => format!("Secrets {names} and others"),
            _ => format!("Secrets {names}"),
        }
    }
}

impl<'a> FromIterator<&'a str> for SecretNames {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut collected = Self::default();
        names.into_iter().for_each(|name| collected.add(name));
        collected
    }
}

#[cfg(test)]
mod tests {
    use super::SecretNames;

    #[test]
    fn a_few_names_are_told_in_order_and_the_others_are_not_forgotten() {
        let worded = |names: &[&str]| names.iter().copied().collect::<SecretNames>().worded();
        assert_eq!(worded(&[]), "the Secret");
        assert_eq!(worded(&[""]), "the Secret");
        assert_eq!(worded(&["db", "db"]), "Secret db");
        assert_eq!(worded(&["db", "api-key"]), "Secrets api-key, db");
        assert_eq!(worded(&["d", "c", "b"]), "Secrets b, c, d");
        assert_eq!(worded(&["d", "c", "b", "a", "d"]), "Secrets a, b, c and others");
    }

    #[test]
    fn merging_is_the_same_in_either_order() {
        let names = |names: &[&str]| names.iter().copied().collect::<SecretNames>();
        for (one, other, all) in [
            (&["a", "b"][..], &["b", "c"][..], "Secrets a, b, c"),
            (&["a", "b"], &["c", "d"], "Secrets a, b, c and others"),
            (&["a", "b", "c", "d"], &["a"], "Secrets a, b, c and others"),
            (&[], &["a"], "Secret a"),
        ] {
            for (first, second) in [(one, other), (other, one)] {
                let mut merged = names(first);
                merged.merge(names(second));
                assert_eq!(merged.worded(), all);
            }
        }
    }
}
