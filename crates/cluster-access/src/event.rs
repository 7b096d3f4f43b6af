//! The event that AWS Config sends to a custom Lambda rule, made into what has to be done.

use std::fmt;

use aws_lambda_events::event::config::ConfigEvent;
use aws_sdk_config::primitives::{DateTime, DateTimeFormat};
use eks_rules::{UniqueValue, bounded};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// The resource type of a cluster, in AWS Config's spelling.
pub(crate) const CLUSTER_TYPE: &str = "AWS::EKS::Cluster";

/// The token that by the RDK's convention asks for TestMode.
const TEST_MODE: &str = "TESTMODE";

/// The message types that a rule is invoked with.
const MESSAGE_TYPES: &str = "ScheduledNotification, ConfigurationItemChangeNotification, \
    OversizedConfigurationItemChangeNotification, ConfigurationSnapshotDeliveryCompleted";

/// The token that AWS Config hands out with an event and takes back with the evaluations. It is a secret: whoever has
/// it can report for the rule. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ResultToken(String);

impl ResultToken {
    /// The token that by the RDK's convention asks for TestMode, in which AWS Config takes any.
    pub(crate) fn of_test_mode() -> Self {
        Self(TEST_MODE.to_owned())
    }

    /// The token itself, for PutEvaluations alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is that token.
    pub(crate) fn test_mode(&self) -> bool {
        self.0 == TEST_MODE
    }
}

impl fmt::Debug for ResultToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ResultToken(hidden)")
    }
}

/// An event, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The account that is evaluated, twelve digits.
    pub account: String,
    /// The rule's name in AWS Config.
    pub config_rule_name: String,
    /// The partition of the rule's ARN, such as `aws` or `aws-cn`.
    pub partition: String,
    /// What AWS Config takes the evaluations with.
    pub result_token: ResultToken,
    /// The time that the evaluations are ordered by.
    pub ordering_timestamp: DateTime,
    /// What is asked for.
    pub request: Request,
    /// `ruleParameters`, not yet validated; empty where the event has none.
    pub rule_parameters: Map<String, Value>,
}

/// What an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Every cluster in scope: a schedule, or a delivered snapshot.
    EveryCluster,
    /// One cluster that changed.
    Cluster {
        /// The cluster's name.
        name: String,
    },
    /// A resource that is gone, or that the rule does not look at: its result is erased.
    NotApplicable {
        /// The resource's type.
        resource_type: String,
        /// The resource's id.
        resource_id: String,
        /// Why, for the annotation.
        why: String,
    },
}

/// An event that cannot be used: which field, what was given, what is allowed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EventError {
    /// A field is missing, empty or of the wrong form.
    #[error("event field {field}: given {given}; allowed: {allowed}")]
    Field {
        /// Path of the field.
        field: String,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// The message type is none of those that AWS Config documents.
    #[error("event field invokingEvent.messageType: given {given:?}; allowed: {MESSAGE_TYPES}")]
    UnknownMessageType {
        /// The message type given.
        given: String,
    },
}

impl EventError {
    fn field(field: &str, given: impl Into<String>, allowed: impl Into<String>) -> Self {
        let (given, allowed) = (given.into(), allowed.into());
        Self::Field { field: bounded(field), given: bounded(&given), allowed }
    }

    fn missing(field: &str, allowed: &str) -> Self {
        Self::field(field, "nothing", allowed)
    }
}

impl Event {
    /// Parses the event as Lambda hands it over.
    ///
    /// # Errors
    /// A field that is missing or of the wrong form, and a message type that AWS Config does not document.
    pub fn parse(event: Value) -> Result<Self, EventError> {
        let event = outer(event)?;
        let text = |field: &str, value: Option<String>, allowed: &str| {
            value.filter(|text| !text.trim().is_empty()).ok_or_else(|| EventError::missing(field, allowed))
        };
        let account = text("accountId", event.account_id, "an account id of twelve digits")?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(EventError::field("accountId", format!("{account:?}"), "an account id of twelve digits"));
        }
        let result_token = text("resultToken", event.result_token, "the token that AWS Config sent with the event")?;
        let config_rule_name = text("configRuleName", event.config_rule_name, "the rule's name")?;
        let invoking = text("invokingEvent", event.invoking_event, "JSON inside a string")?;
        let (request, time_field, time) = invoking_event(&invoking, event.event_left_scope)?;
        Ok(Self {
            account,
            config_rule_name,
            partition: partition([event.config_rule_arn, event.execution_role_arn]),
            result_token: ResultToken(result_token),
            ordering_timestamp: timestamp(time_field, time.as_deref())?,
            request,
            rule_parameters: rule_parameters(event.rule_parameters)?,
        })
    }
}

/// Reads the outer event. `eventLeftScope`, which the crate's type demands, is taken as false where it is absent.
fn outer(mut event: Value) -> Result<ConfigEvent, EventError> {
    let Value::Object(fields) = &mut event else {
        return Err(EventError::field("(the whole event)", kind_of(&event), "the JSON object that AWS Config sends"));
    };
    fields.entry("eventLeftScope").or_insert(Value::Bool(false));
    serde_path_to_error::deserialize(&event).map_err(|error| {
        let field = error.path().to_string();
        let given = event.get(&field).map_or("nothing", kind_of);
        EventError::field(&field, given, if field == "eventLeftScope" { "true, false" } else { "a string" })
    })
}

/// What kind of JSON value it is; the value itself could be a secret.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The inner event, whose fields depend on the message type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokingEvent {
    message_type: Option<String>,
    notification_creation_time: Option<String>,
    configuration_item: Option<Item>,
    configuration_item_summary: Option<Item>,
}

/// What a configuration item and its summary have in common.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    resource_type: Option<String>,
    resource_id: Option<String>,
    configuration_item_status: Option<String>,
    configuration_item_capture_time: Option<String>,
}

/// Reads the inner event: what is asked for, and the field and text of the ordering time.
fn invoking_event(json: &str, left_scope: bool) -> Result<(Request, &'static str, Option<String>), EventError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let event: InvokingEvent = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "invokingEvent".to_owned() } else { format!("invokingEvent.{path}") };
        EventError::field(&field, error.inner().to_string(), "the JSON object that AWS Config sends, in a string")
    })?;
    let message_type = event.message_type.filter(|text| !text.is_empty());
    match message_type.as_deref() {
        Some("ScheduledNotification" | "ConfigurationSnapshotDeliveryCompleted") => {
            Ok((Request::EveryCluster, "invokingEvent.notificationCreationTime", event.notification_creation_time))
        }
        Some("ConfigurationItemChangeNotification") => change(
            event.configuration_item,
            "invokingEvent.configurationItem",
            "invokingEvent.configurationItem.configurationItemCaptureTime",
            left_scope,
        ),
        Some("OversizedConfigurationItemChangeNotification") => change(
            event.configuration_item_summary,
            "invokingEvent.configurationItemSummary",
            "invokingEvent.configurationItemSummary.configurationItemCaptureTime",
            left_scope,
        ),
        Some(other) => Err(EventError::UnknownMessageType { given: bounded(other) }),
        None => Err(EventError::missing("invokingEvent.messageType", MESSAGE_TYPES)),
    }
}

/// What a change asks for. The identity is enough: the cluster is described anyway, since a configuration item may lack
/// what is needed.
fn change(
    item: Option<Item>,
    field: &str,
    time_field: &'static str,
    left_scope: bool,
) -> Result<(Request, &'static str, Option<String>), EventError> {
    let item = item.ok_or_else(|| EventError::missing(field, "the configuration item that changed"))?;
    let text = |name: &str, value: Option<String>, allowed: &str| {
        let field = format!("{field}.{name}");
        value.filter(|text| !text.trim().is_empty()).ok_or_else(|| EventError::missing(&field, allowed))
    };
    let resource_type = text("resourceType", item.resource_type, CLUSTER_TYPE)?;
    let resource_id = text("resourceId", item.resource_id, "the name of the cluster")?;
    let status = text("configurationItemStatus", item.configuration_item_status, STATUSES)?;
    let gone = match status.as_str() {
        "OK" | "ResourceDiscovered" => false,
        "ResourceDeleted" | "ResourceDeletedNotRecorded" | "ResourceNotRecorded" => true,
        other => {
            let field = format!("{field}.configurationItemStatus");
            return Err(EventError::field(&field, format!("{other:?}"), STATUSES));
        }
    };
    let why = if resource_type != CLUSTER_TYPE {
        Some(format!("{resource_type} is not a resource that this rule evaluates."))
    } else if gone {
        Some(format!("The cluster is gone or not recorded ({status})."))
    } else if left_scope {
        Some("The cluster left the rule's scope.".to_owned())
    } else {
        None
    };
    let request = match why {
        Some(why) => Request::NotApplicable { resource_type, resource_id, why },
        None => Request::Cluster { name: resource_id },
    };
    Ok((request, time_field, item.configuration_item_capture_time))
}

/// The statuses of a configuration item that AWS Config documents.
const STATUSES: &str = "OK, ResourceDiscovered, ResourceNotRecorded, ResourceDeleted, ResourceDeletedNotRecorded";

fn timestamp(field: &str, text: Option<&str>) -> Result<DateTime, EventError> {
    let allowed = "a time of RFC 3339, such as 2026-01-02T03:04:05.000Z";
    let text = text.ok_or_else(|| EventError::missing(field, allowed))?;
    DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset)
        .map_err(|_| EventError::field(field, format!("{text:?}"), allowed))
}

/// The rule parameters, which AWS Config leaves out where the rule has none.
fn rule_parameters(json: Option<String>) -> Result<Map<String, Value>, EventError> {
    let Some(json) = json.filter(|json| !json.trim().is_empty()) else { return Ok(Map::new()) };
    let allowed = "a JSON object of strings, in a string";
    match serde_json::from_str::<UniqueValue>(&json) {
        Ok(UniqueValue(Value::Object(parameters))) => Ok(parameters),
        Ok(UniqueValue(Value::Null)) => Ok(Map::new()),
        Ok(UniqueValue(other)) => Err(EventError::field("ruleParameters", kind_of(&other), allowed)),
        Err(error) => Err(EventError::field("ruleParameters", error.to_string(), allowed)),
    }
}

/// The partition of the first ARN that has one.
fn partition(arns: [Option<String>; 2]) -> String {
    let part = |arn: String| arn.split(':').nth(1).filter(|partition| partition.starts_with("aws")).map(str::to_owned);
    arns.into_iter().flatten().find_map(part).unwrap_or_else(|| "aws".to_owned())
}
