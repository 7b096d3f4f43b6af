//! `policy`: a ValidatingAdmissionPolicy that refuses at admission what a rule would report afterwards.
//!
//! Its CEL is made of the constructs that every Kubernetes since 1.30 has: field tests, `filter`, `map`, `exists`,
//! `matches` and `join`. What cannot be expressed is refused with the reason, never approximated.

mod document;
mod exemption;
mod match_conditions;
mod priv_escalation;
mod references;
mod registries;
mod selector;
mod trusted_reg_check;

use eks_rules::{Configuration, Exemption, RuleName, Scene, Source};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use self::selector::NamespaceSelector;
use crate::command_line::PolicyArguments;
use crate::failure::{Failure, Status};
use crate::parameters::{select, wrong};
use crate::{output, tell};

/// Prints the policy and its binding.
///
/// # Errors
/// Parameters that cannot be used, and those that CEL cannot express.
pub(crate) fn run(arguments: &PolicyArguments) -> Result<Status, Failure> {
    let rule = arguments.rule;
    if rule == RuleName::NetPolCheck {
        return Err(Failure::wrong_use(
            "netPolCheck: no admission policy can say this: a policy sees one object at a time, and whether a namespace has \
             a network policy is not known when the namespace or its pods are made. Make the policies with the namespace \
             (judge netPolCheck --fix writes them) and let the rule look",
        ));
    }
    let selection = select(&[rule], arguments.parameters.as_deref(), arguments.exemptions.as_deref())?;
    let scene = Scene {
        source: Source::Manifests,
        account: arguments.account.clone(),
        region: arguments.region.clone(),
        now: Timestamp::now(),
        default_grace_seconds: 0,
    };
    let mut text = String::new();
    for configuration in &selection.configurations {
        let checks = match configuration.reading() {
            Some(reading) => priv_escalation::checks(reading, configuration.secrets_in_env()),
            None => trusted_reg_check::checks(configuration, &scene)?,
        };
        let exemptions = exemptions(configuration, &scene)?;
        text.push_str(&document::render(configuration, &checks, &exemptions, arguments)?);
    }
    output::print(text.as_bytes())?;
    Ok(Status::Compliant)
}

/// How many characters an image has in the estimate of the cost.
const IMAGE_LENGTH: usize = 100;

/// What a rule looks at in a pod's spec, as CEL.
#[derive(Clone, Debug, Default)]
struct Checks {
    /// What is refused, in a few words.
    refuses: String,
    /// Variables that the reasons need, as (name, expression).
    variables: Vec<(&'static str, String)>,
    /// The reasons, in order: name of the reason, name of its variable, and the expression that lists what it is found
    /// in.
    reasons: Vec<(&'static str, &'static str, String)>,
    /// What is told of the cost: about how much one container or image costs in the dearest expression and in all.
    cost: (usize, usize),
}

/// The exemptions that hold for the rule today.
///
/// # Errors
/// Those with an expiry date: CEL does not know what day it is.
fn exemptions<'a>(configuration: &'a Configuration, scene: &Scene) -> Result<Vec<&'a Exemption>, Failure> {
    let today = scene.now.to_zoned(TimeZone::UTC).date();
    let rule = configuration.rule();
    let mut held = Vec::new();
    for exemption in configuration.exemptions() {
        if exemption.rules.as_ref().is_some_and(|rules| !rules.contains(&rule)) {
            continue;
        }
        match exemption.expires {
            None => held.push(exemption),
            Some(last) if last < today => {
                tell(&format!("note: an exemption in {} expired after {last} and is left out", exemption.namespace));
            }
            Some(last) => {
                let error = eks_rules::ParameterError {
                    parameter: "exemptions".to_owned(),
                    given: format!("one in {} that expires after {last}", exemption.namespace),
                    allowed: "exemptions without expires: an admission policy does not know what day it is, and would hold \
                              it for ever. Leave it out, or give it without expires and print the policy anew on that day"
                        .to_owned(),
                };
                return Err(wrong(rule, &error));
            }
        }
    }
    Ok(held)
}

/// A text as a CEL string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            character => quoted.push(character),
        }
    }
    quoted.push('\'');
    quoted
}
