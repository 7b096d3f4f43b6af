use super::selector::{Key, Selector};

/// How deep parentheses may nest; Calico's own parser has no bound, but a call stack has.
const DEPTH_LIMIT: usize = 64;

/// What the labels in a selector belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    /// A pod: its own, and those that Calico adds.
    OfPods,
    /// A namespace.
    OfNamespaces,
}

/// Reads an expression of Calico's selector language, as libcalico-go's parser does: `||` binds weakest, then `&&`, then
/// `!`; only spaces and tabs part words. The empty text selects all.
///
/// # Errors
/// Text that is no selector, with what is wrong in a few words.
pub(super) fn parse(text: &str, labels: Labels) -> Result<Selector, String> {
    let mut parser = Parser { rest: text, labels };
    parser.skip_blanks();
    if parser.rest.is_empty() {
        return Ok(Selector::All);
    }
    let selector = parser.alternatives(0)?;
    if parser.rest.is_empty() { Ok(selector) } else { Err(format!("unexpected {:?}", parser.rest)) }
}

struct Parser<'a> {
    rest: &'a str,
    labels: Labels,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes the token where it comes next, and the blanks after it.
    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest;
        self.skip_blanks();
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("expected {token:?} before {:?}", self.rest)) }
    }

    fn alternatives(&mut self, depth: usize) -> Result<Selector, String> {
        let first = self.conjunction(depth)?;
        let mut parts = vec![first];
        while self.take("||") {
            parts.push(self.conjunction(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Selector::Or(parts) })
    }

    fn conjunction(&mut self, depth: usize) -> Result<Selector, String> {
        let mut parts = vec![self.operation(depth)?];
        while self.take("&&") {
            parts.push(self.operation(depth)?);
        }
        Ok(Selector::and(parts))
    }

    fn operation(&mut self, depth: usize) -> Result<Selector, String> {
        let mut negated = false;
        while !self.rest.starts_with("!=") && self.take("!") {
            negated = !negated;
        }
        let selector = self.positive_operation(depth)?;
        Ok(if negated { not(selector) } else { selector })
    }

    fn positive_operation(&mut self, depth: usize) -> Result<Selector, String> {
        if self.take("(") {
            if depth >= DEPTH_LIMIT {
                return Err(format!("more than {DEPTH_LIMIT} nested parentheses"));
            }
            let selector = self.alternatives(depth + 1)?;
            self.expect(")")?;
            Ok(selector)
        } else if self.take("all(") {
            self.expect(")")?;
            Ok(Selector::All)
        } else if self.take("global(") {
            // What belongs to no namespace: neither a pod nor a namespace does.
            self.expect(")")?;
            Ok(Selector::Nothing)
        } else if self.take("has(") {
            let key = self.key()?;
            self.expect(")")?;
            Ok(Selector::Has(key))
        } else {
            let key = self.key()?;
            self.comparison(key)
        }
    }

    fn comparison(&mut self, key: Key) -> Result<Selector, String> {
        if self.take("==") {
            Ok(Selector::In(key, vec![self.text()?]))
        } else if self.take("!=") {
            Ok(not(Selector::In(key, vec![self.text()?])))
        } else if self.take("contains") {
            Ok(Selector::Contains(key, self.text()?))
        } else if self.take("starts") {
            self.expect("with")?;
            Ok(Selector::StartsWith(key, self.text()?))
        } else if self.take("ends") {
            self.expect("with")?;
            Ok(Selector::EndsWith(key, self.text()?))
        } else if self.take("not") {
            self.expect("in")?;
            Ok(not(Selector::In(key, self.set()?)))
        } else if self.take("in") {
            Ok(Selector::In(key, self.set()?))
        } else {
            Err(format!("expected an operator before {:?}", self.rest))
        }
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        self.expect("{")?;
        let mut values = Vec::new();
        while !self.rest.starts_with('}') {
            values.push(self.text()?);
            if !self.take(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(values)
    }

    /// Takes a text in single or double quotes; there are no escapes.
    fn text(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let Some((text, rest)) = quote.and_then(|quote| self.rest[1..].split_once(quote)) else {
            return Err(format!("expected a text in quotes before {:?}", self.rest));
        };
        self.rest = rest;
        self.skip_blanks();
        Ok(text.to_owned())
    }

    fn key(&mut self) -> Result<Key, String> {
        let letter = |character: char| character.is_ascii_alphanumeric() || "_./-".contains(character);
        let length = self.rest.find(|character| !letter(character)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(length);
        if name.is_empty() || name.len() > 512 {
            return Err(format!("expected a label before {:?}", self.rest));
        }
        self.rest = rest;
        self.skip_blanks();
        Ok(key_of(name, self.labels))
    }
}

/// What Calico means by a label: it adds some to a pod's own, among them those of its namespace and service account.
fn key_of(name: &str, labels: Labels) -> Key {
    if labels == Labels::OfNamespaces {
        return Key::Namespace(name.to_owned());
    }
    match name {
        "projectcalico.org/namespace" => Key::NamespaceName,
        "projectcalico.org/orchestrator" => Key::Constant("k8s"),
        _ if name.starts_with("projectcalico.org/") || name.starts_with("pcsa.") => Key::NotRead,
        _ => match name.strip_prefix("pcns.") {
            Some(label) => Key::Namespace(label.to_owned()),
            None => Key::Pod(name.to_owned()),
        },
    }
}

fn not(selector: Selector) -> Selector {
    match selector {
        Selector::All => Selector::Nothing,
        Selector::Nothing => Selector::All,
        other => Selector::Not(Box::new(other)),
    }
}
