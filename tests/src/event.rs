use eks_rules::RuleName;
use loopback::{OWN_ACCOUNT, World};
use serde_json::{Map, Value, json};

use crate::run::{Run, options};

/// The ordering timestamp of every event of these tests, in seconds since 1970.
pub const ORDERED_AT: f64 = 1_795_500_000.25;

/// The same as text.
const TIME: &str = "2026-11-24T06:00:00.250Z";

/// An event of AWS Config, to be changed and delivered.
#[derive(Clone, Debug)]
pub struct Event {
    rule: RuleName,
    account: String,
    partition: String,
    invoking: Value,
    parameters: Map<String, Value>,
    left_scope: bool,
    token: Option<String>,
}

impl Event {
    /// The schedule: every cluster is evaluated.
    #[must_use]
    pub fn schedule(rule: RuleName) -> Self {
        let invoking = json!({
            "awsAccountId": OWN_ACCOUNT, "notificationCreationTime": TIME, "messageType": "ScheduledNotification",
            "recordVersion": "1.0",
        });
        let mut parameters = Map::new();
        if rule == RuleName::TrustedRegCheck {
            parameters.insert("trustedRegistries".to_owned(), json!("public.ecr.aws"));
        }
        Self {
            rule,
            account: OWN_ACCOUNT.to_owned(),
            partition: "aws".to_owned(),
            invoking,
            parameters,
            left_scope: false,
            token: None,
        }
    }

    /// A change of one resource with this `configurationItemStatus`.
    #[must_use]
    pub fn change(rule: RuleName, resource_type: &str, resource_id: &str, status: &str) -> Self {
        let invoking = json!({
            "configurationItem": {
                "configurationItemCaptureTime": TIME, "configurationItemStatus": status, "resourceType": resource_type,
                "resourceId": resource_id, "awsAccountId": OWN_ACCOUNT, "awsRegion": "eu-west-1", "configuration": null,
            },
            "notificationCreationTime": "2026-11-24T06:00:09.000Z",
            "messageType": "ConfigurationItemChangeNotification",
        });
        Self { invoking, ..Self::schedule(rule) }
    }

    /// A change of a cluster that is there.
    #[must_use]
    pub fn cluster_changed(rule: RuleName, cluster: &str) -> Self {
        Self::change(rule, "AWS::EKS::Cluster", cluster, "OK")
    }

    /// The same event with a rule parameter.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.parameters.insert(parameter.to_owned(), json!(value));
        self
    }

    /// The same event about a resource that left the rule's scope.
    #[must_use]
    pub fn left_scope(mut self) -> Self {
        self.left_scope = true;
        self
    }

    /// The same event of another account.
    #[must_use]
    pub fn of_account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// The same event of another partition.
    #[must_use]
    pub fn of_partition(mut self, partition: &str) -> Self {
        partition.clone_into(&mut self.partition);
        self
    }

    /// The same event with this very result token, which nobody needs to have issued.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> RuleName {
        self.rule
    }

    /// The rule's name in AWS Config.
    #[must_use]
    pub fn config_rule(&self) -> String {
        format!("eks-{}-rule", self.rule)
    }

    /// The event as AWS Config sends it, with a token that the world takes.
    #[must_use]
    pub fn issued(&self, world: &World) -> Value {
        let token = self.token.clone().unwrap_or_else(|| world.issue_result_token(&self.config_rule(), &self.account));
        let (partition, account) = (&self.partition, &self.account);
        json!({
            "version": "1.0",
            "invokingEvent": self.invoking.to_string(),
            "ruleParameters": Value::Object(self.parameters.clone()).to_string(),
            "resultToken": token,
            "eventLeftScope": self.left_scope,
            "executionRoleArn": format!("arn:{partition}:iam::{account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"),
            "configRuleArn": format!("arn:{partition}:config:eu-west-1:{account}:config-rule/config-rule-t3s7ed"),
            "configRuleName": self.config_rule(),
            "configRuleId": "config-rule-t3s7ed",
            "accountId": account,
        })
    }

    /// Starts the rule's function, hands it the event and ends it.
    pub async fn run(&self, world: &World) -> Run {
        self.run_with(world, options()).await
    }

    /// The same with these options.
    pub async fn run_with(&self, world: &World, options: loopback::InvokeOptions) -> Run {
        Run::of(world, self.rule, &self.issued(world), options).await
    }
}
