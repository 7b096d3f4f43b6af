//! The policy as an API server evaluates it: match conditions, variables, the validation, the message.
//!
//! Of the libraries that Kubernetes adds to CEL the policies use `join` of strings, which the crate has as an extension.
//! The crate compiles a pattern anew on each use, so that `matches` can be replaced by one that remembers it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;
use std::sync::Arc;

use cel::{Context, Env, ExecutionError, Program, Value as CelValue};
use regex::Regex;
use serde_json::{Value, json};

/// By reason, the containers and volumes that a message names.
pub(crate) type Reasons = BTreeMap<String, BTreeSet<String>>;

/// What the binary did.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_eks-config-rules")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The policy and the binding of a text.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").skip(1).map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

/// Which `matches` is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matches {
    /// The crate's own.
    Own,
    /// One that remembers its patterns.
    Remembering,
}

/// A policy, ready to be evaluated.
pub(crate) struct Policy {
    env: Arc<Env>,
    conditions: Vec<(String, Program)>,
    variables: Vec<(String, Program)>,
    validation: Program,
    message: Program,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The named condition does not hold, so that the request is not looked at.
    NotMatched(String),
    /// Admitted.
    Admitted,
    /// Refused, with this message.
    Refused(String),
}

impl Policy {
    /// Prints the policy of a rule and compiles it.
    pub(crate) fn of(rule: &str, parameters: &Value, further: &[&str], matches: Matches) -> Self {
        let parameters = parameters.to_string();
        let (status, text, errors) = run(&[&["policy", rule, "--parameters", &parameters], further].concat());
        assert_eq!(status, 0, "{parameters}: {errors}");
        let mut env = Env::stdlib();
        env.add_extension(cel::extensions::strings).unwrap();
        let compile = |expression: &Value| {
            let text = expression.as_str().unwrap();
            let text = match matches {
                Matches::Own => text.to_owned(),
                Matches::Remembering => text.replace(".matches(", ".matchesRemembered("),
            };
            env.compile(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        let spec = &documents(&text)[0]["spec"];
        let named = |list: &str| -> Vec<(String, Program)> {
            let items = spec[list].as_array().unwrap().iter();
            items.map(|item| (item["name"].as_str().unwrap().to_owned(), compile(&item["expression"]))).collect()
        };
        let validations = spec["validations"].as_array().unwrap();
        assert_eq!(validations.len(), 1);
        Self {
            conditions: named("matchConditions"),
            variables: named("variables"),
            validation: compile(&validations[0]["expression"]),
            message: compile(&validations[0]["messageExpression"]),
            env: Arc::new(env),
        }
    }

    /// Decides a request. An expression that fails is a failure of the test, though a server would refuse the request.
    #[track_caller]
    pub(crate) fn decide(&self, request: &Value, object: &Value, old: Option<&Value>) -> Decision {
        let mut context = Context::with_env(Arc::clone(&self.env));
        context.add_function("matchesRemembered", matches_remembered).unwrap();
        context.add_variable_from_value("request", cel::to_value(request).unwrap());
        context.add_variable_from_value("object", cel::to_value(object).unwrap());
        context.add_variable_from_value("oldObject", cel::to_value(old).unwrap());
        for (name, condition) in &self.conditions {
            match evaluate(condition, &context, object) {
                CelValue::Bool(true) => {}
                CelValue::Bool(false) => return Decision::NotMatched(name.clone()),
                other => panic!("{name}: {other:?}"),
            }
        }
        let mut variables: HashMap<String, CelValue> = HashMap::new();
        context.add_variable_from_value("variables", variables.clone());
        for (name, variable) in &self.variables {
            let value = evaluate(variable, &context, object);
            variables.insert(name.clone(), value);
            context.add_variable_from_value("variables", variables.clone());
        }
        let message = || match evaluate(&self.message, &context, object) {
            CelValue::String(message) => message.to_string(),
            other => panic!("{other:?}"),
        };
        match evaluate(&self.validation, &context, object) {
            CelValue::Bool(true) => Decision::Admitted,
            CelValue::Bool(false) => Decision::Refused(message()),
            other => panic!("{other:?}"),
        }
    }

    /// The reasons for which the creation of an object is refused; none where it is admitted.
    #[track_caller]
    pub(crate) fn reasons(&self, object: &Value) -> Reasons {
        match self.decide(&creation(object), object, None) {
            Decision::Refused(message) => reasons_of(&message),
            Decision::NotMatched(_) | Decision::Admitted => Reasons::new(),
        }
    }
}

#[track_caller]
fn evaluate(program: &Program, context: &Context<'_, '_>, object: &Value) -> CelValue {
    program.execute(context).unwrap_or_else(|error| panic!("{error:?}: {object:#}"))
}

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

fn matches_remembered(
    cel::extractors::This(text): cel::extractors::This<Arc<String>>,
    pattern: Arc<String>,
) -> Result<bool, ExecutionError> {
    PATTERNS.with_borrow_mut(|patterns| {
        let pattern = patterns
            .entry(pattern.to_string())
            .or_insert_with(|| Regex::new(&pattern).unwrap_or_else(|error| panic!("{error}")));
        Ok(pattern.is_match(&text))
    })
}

/// The request that creates an object.
pub(crate) fn creation(object: &Value) -> Value {
    json!({
        "operation": "CREATE",
        "kind": {"kind": object["kind"]},
        "namespace": object["metadata"]["namespace"],
        "userInfo": {"username": "somebody", "groups": ["system:authenticated"]},
    })
}

/// What a message names: `RULE: REASON: NAME, NAME; REASON: NAME`.
pub(crate) fn reasons_of(message: &str) -> Reasons {
    let (_, reasons) = message.split_once(": ").unwrap();
    let reason = |text: &str| {
        let (reason, names) = text.split_once(": ").unwrap();
        (reason.to_owned(), names.split(", ").map(str::to_owned).collect())
    };
    reasons.split("; ").map(reason).collect()
}
