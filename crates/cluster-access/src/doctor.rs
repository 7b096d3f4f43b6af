//! The steps of a judgement, one after another: what works, and what to do about what does not. Each step is the one that
//! a judgement takes, with its errors and its advice; a step that depends on one that failed is not tried.

use std::error::Error as StdError;

use aws_sdk_config::primitives::DateTime;
use eks_rules::{Judge, Kind};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::aws::Aws;
use crate::clusters::{Described, Reached, describe, list};
use crate::ecr::Ecr;
use crate::error::{InvocationError, NotJudged, chain};
use crate::evaluations::Put;
use crate::event::ResultToken;
use crate::reader::{ClusterSource, Probed, probe};
use crate::ssm;

/// The steps that come before the first answer of a cluster, in their order, by the names of [`NotJudged::step`].
const TO_THE_ANSWER: [&str; 4] = ["token", "connect", "TLS", "authenticate"];

/// The step that reads the API groups.
const API_GROUPS: &str = "API groups";

/// The step that reads the kinds of object.
const OBJECTS: &str = "objects";

/// The step that asks registries.
const ECR: &str = "ECR";

/// Begins the judgements of a cluster that belongs to an account.
pub type Judges<'a> = &'a (dyn Fn(Option<String>) -> Result<Vec<Judge>, NotJudged> + Sync);

/// A step, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was tried.
    pub name: String,
    /// What came of it.
    pub outcome: StepOutcome,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It works; what was found.
    Works(String),
    /// It does not work, and the rules go on without it.
    Dispensable {
        /// What is wrong.
        cause: String,
        /// What to do about it.
        advice: String,
    },
    /// It does not work.
    Failed {
        /// What is wrong.
        cause: String,
        /// What to do about it.
        advice: String,
    },
    /// It was not tried, since the step of this name failed.
    NotTried(String),
}

/// An examination under way.
#[derive(Debug, Default)]
pub struct Examination {
    steps: Vec<Step>,
}

impl Examination {
    /// Every step so far, in order.
    #[must_use]
    pub fn steps(self) -> Vec<Step> {
        self.steps
    }

    /// Asks AWS who the caller is: the caller, where AWS knows.
    pub async fn credentials(&mut self, aws: Aws) -> Option<Aws> {
        let arn = aws.arn().await;
        self.aws("credentials", arn.map(|arn| (aws, arn)))
    }

    /// Assumes a role.
    pub async fn role(&mut self, caller: Option<&Aws>, arn: &str) -> Option<Aws> {
        let Some(caller) = caller else {
            self.not_tried(["role"], "credentials");
            return None;
        };
        let assumed = caller.assume_arn(arn).await;
        self.aws("role", assumed.map(|aws| (aws, format!("{arn} was assumed"))))
    }

    /// Replaces the `ssm:` references among rule parameters by what they stand for, and says whether all could be read.
    pub async fn references(&mut self, own: Option<&Aws>, parameters: &mut Map<String, Value>) -> bool {
        let mut all = true;
        for (parameter, value) in parameters.iter_mut().filter(|(parameter, value)| ssm::is_reference(parameter, value))
        {
            let name = format!("{parameter} {}", value.as_str().unwrap_or_default().trim());
            let Some(own) = own else {
                self.not_tried([name], "credentials");
                all = false;
                continue;
            };
            let mut one = Map::from_iter([(parameter.clone(), value.clone())]);
            match ssm::resolve(own, &mut one).await {
                Ok(()) => {
                    *value = one.remove(parameter).unwrap_or_default();
                    let characters = value.as_str().unwrap_or_default().chars().count();
                    self.tell(name, StepOutcome::Works(format!("{characters} characters")));
                }
                Err(error) => {
                    let advice = format!("Give {}", error.allowed);
                    self.tell(name, StepOutcome::Failed { cause: error.given, advice });
                    all = false;
                }
            }
        }
        all
    }

    /// Says that rule parameters cannot be used.
    pub fn unusable_parameters(&mut self, cause: String) {
        self.tell("parameters", StepOutcome::Failed { cause, advice: "Correct the rule parameter".to_owned() });
    }

    /// Examines the way to a cluster over the EKS API and to AWS Config, and then the cluster. `after` is the step that
    /// failed where there is no caller.
    pub async fn cluster(&mut self, caller: Result<&Aws, &str>, name: &str, account: Option<&str>, judges: Judges<'_>) {
        let aws = match caller {
            Ok(aws) => aws,
            Err(after) => {
                self.not_tried(["ListClusters", "DescribeCluster"], after);
                self.not_tried(TO_THE_ANSWER.into_iter().chain([API_GROUPS, OBJECTS, "PutEvaluations"]), after);
                return;
            }
        };
        self.list_clusters(aws, name).await;
        let mut account = account.map(str::to_owned);
        match self.describe_cluster(aws, name, account.as_deref()).await {
            Some(reached) => {
                account = account.or(reached.account);
                self.kubernetes(&reached.source, account.clone(), judges).await;
            }
            None => self.not_tried(TO_THE_ANSWER.into_iter().chain([API_GROUPS, OBJECTS]), "DescribeCluster"),
        }
        self.registry(aws, account, judges).await;
        self.put_evaluations(aws).await;
    }

    async fn list_clusters(&mut self, aws: &Aws, name: &str) {
        let listed = list(aws).await.map(|names| {
            let among = if names.iter().any(|listed| listed == name) { "" } else { "not " };
            let region = aws.region().unwrap_or_default();
            let clusters = if names.len() == 1 { "cluster" } else { "clusters" };
            ((), format!("{} {clusters} in {region}, {name} {among}among them", names.len()))
        });
        self.aws("ListClusters", listed);
    }

    async fn describe_cluster(&mut self, aws: &Aws, name: &str, account: Option<&str>) -> Option<Reached> {
        let outcome = match describe(aws, name, account).await {
            Ok(Described::Reachable(reached)) => {
                self.tell("DescribeCluster", StepOutcome::Works(reached.summary.clone()));
                return Some(*reached);
            }
            Ok(Described::NotYet(status)) => StepOutcome::Failed {
                cause: format!("the cluster's status is {status}"),
                advice: "Wait: it is judged when its status is ACTIVE; until then its earlier result is kept"
                    .to_owned(),
            },
            Ok(Described::Gone(why)) => StepOutcome::Failed {
                cause: why.trim_end_matches('.').to_owned(),
                advice: "Look at its name and region if it should be there: the rules report NOT_APPLICABLE".to_owned(),
            },
            Err(error) => failed(&error),
        };
        self.tell("DescribeCluster", outcome);
        None
    }

    /// Examines the way to the Kubernetes API of a cluster to which only a kubeconfig leads, and whether what the judgements
    /// read can be read there.
    pub async fn context(&mut self, source: &ClusterSource, account: Option<String>, judges: Judges<'_>) {
        self.kubernetes(source, account.clone(), judges).await;
        if ask_registry(account, judges) {
            self.tell(ECR, failed(&NotJudged::NoRegistry));
        }
    }

    async fn kubernetes(&mut self, source: &ClusterSource, account: Option<String>, judges: Judges<'_>) {
        let judges = match judges(account) {
            Ok(judges) => judges,
            Err(error) => {
                self.tell("parameters", failed(&error));
                return self.not_tried(TO_THE_ANSWER.into_iter().chain([API_GROUPS, OBJECTS]), "parameters");
            }
        };
        probe(source, judges, &mut |probed| self.probed(probed)).await;
    }

    /// Tells of a request, and says whether there is a way to the cluster at all.
    fn probed(&mut self, Probed { kind, dispensable, readable }: Probed) -> bool {
        let Some(kind) = kind else { return readable.is_none_or(|groups| self.api_groups(groups, dispensable)) };
        let name = asked(kind);
        let outcome = match readable {
            None => StepOutcome::NotTried(API_GROUPS.to_owned()),
            Some(Ok(true)) => StepOutcome::Works("may be read".to_owned()),
            Some(Ok(false)) => StepOutcome::Works("there is none".to_owned()),
            Some(Err(error)) if dispensable && error.forbidden() => {
                let advice = format!("{}; without it the rule says so in a note", error.advice());
                StepOutcome::Dispensable { cause: error.told(), advice }
            }
            Some(Err(error)) => failed(&error),
        };
        self.tell(name, outcome);
        true
    }

    /// The first request to a cluster tells of the whole way to its answer.
    fn api_groups(&mut self, groups: Result<bool, NotJudged>, dispensable: bool) -> bool {
        let stopped =
            groups.as_ref().err().and_then(|error| TO_THE_ANSWER.iter().position(|step| *step == error.step()));
        for step in TO_THE_ANSWER.iter().take(stopped.unwrap_or(TO_THE_ANSWER.len())) {
            self.tell(*step, StepOutcome::Works(String::new()));
        }
        let outcome = match &groups {
            Ok(_) => StepOutcome::Works("may be read".to_owned()),
            Err(error) if dispensable && stopped.is_none() => {
                let advice = format!("{}; none of the rules needs it", error.advice());
                StepOutcome::Dispensable { cause: error.told(), advice }
            }
            Err(error) => failed(error),
        };
        let Some(stopped) = stopped else {
            self.tell(API_GROUPS, outcome);
            return true;
        };
        let name = TO_THE_ANSWER.get(stopped).copied().unwrap_or_default();
        self.tell(name, outcome);
        self.not_tried(TO_THE_ANSWER.into_iter().skip(stopped + 1).chain([API_GROUPS, OBJECTS]), name);
        false
    }

    /// Makes the calls to ECR in the cluster's account, or the caller's where the cluster's is not known, if some
    /// judgement needs them.
    async fn registry(&mut self, aws: &Aws, account: Option<String>, judges: Judges<'_>) {
        let account = match account {
            Some(account) => account,
            None => aws.account().await.unwrap_or_default(),
        };
        if !ask_registry(Some(account.clone()), judges) {
            return;
        }
        for (operation, done) in Ecr::new(aws).probe(&account, aws.region().unwrap_or_default()).await {
            let outcome = done.map_or_else(|error| failed(&error), StepOutcome::Works);
            self.tell(format!("ecr:{operation}"), outcome);
        }
    }

    /// Reports nothing in TestMode, in which AWS Config takes any token and stores nothing.
    async fn put_evaluations(&mut self, aws: &Aws) {
        let (result_token, ordering_timestamp) = (&ResultToken::of_test_mode(), DateTime::from_secs(0));
        let limits = &aws.network().limits;
        let put = Put { result_token, ordering_timestamp, test_mode: true, most: limits.evaluations };
        let last = Instant::now() + limits.attempt * limits.attempts;
        let done = put.all(&aws.config_service(), &[], last).await;
        self.aws("PutEvaluations", done.map(|()| ((), "AWS Config takes evaluations (TestMode)".to_owned())));
    }

    /// Tells of a call to AWS.
    fn aws<T>(&mut self, name: &str, done: Result<(T, String), InvocationError>) -> Option<T> {
        match done {
            Ok((value, found)) => {
                self.tell(name, StepOutcome::Works(found));
                Some(value)
            }
            Err(error) => {
                let cause = error.source().map_or_else(|| error.to_string(), chain);
                self.tell(name, StepOutcome::Failed { cause, advice: error.advice().to_owned() });
                None
            }
        }
    }

    fn not_tried<S: Into<String>>(&mut self, names: impl IntoIterator<Item = S>, after: &str) {
        for name in names {
            self.tell(name, StepOutcome::NotTried(after.to_owned()));
        }
    }

    fn tell(&mut self, name: impl Into<String>, outcome: StepOutcome) {
        self.steps.push(Step { name: name.into(), outcome });
    }
}

fn ask_registry(account: Option<String>, judges: Judges<'_>) -> bool {
    judges(account).is_ok_and(|judges| judges.iter().any(Judge::asks_registry))
}

fn failed(error: &NotJudged) -> StepOutcome {
    StepOutcome::Failed { cause: error.told(), advice: error.advice().to_owned() }
}

/// The request for a kind, in the words of RBAC; of the add-on, its call.
fn asked(kind: Kind) -> String {
    match (kind.kubernetes(), kind.single()) {
        (false, _) => "DescribeAddon vpc-cni".to_owned(),
        (true, Some(_)) => format!("get {}", kind.resource()),
        (true, None) => format!("list {}", kind.resource()),
    }
}
