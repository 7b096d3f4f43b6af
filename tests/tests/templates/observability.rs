//! Dashboard, alarms and saved queries name what the functions really write.

use std::collections::BTreeSet;

use acceptance::{Event, violating, world};
use eks_rules::RuleName;
use loopback::{Fault, FaultAction};
use serde_json::Value;

use crate::deployment::logical;
use crate::template::{Template, told};

/// CloudWatch Logs Insights: what is no field of a line.
const WORDS: [&str; 20] = [
    "@timestamp",
    "and",
    "as",
    "asc",
    "by",
    "coalesce",
    "desc",
    "earliest",
    "fields",
    "filter",
    "in",
    "latest",
    "like",
    "limit",
    "max",
    "or",
    "parse",
    "sort",
    "stats",
    "SOURCE",
];

/// The lines that the three functions write about a cluster with findings and one that cannot be read.
async fn lines() -> Vec<Value> {
    let mut lines = Vec::new();
    for rule in RuleName::ALL {
        let world = world(vec![violating("prod"), violating("broken")]).await;
        world.script(Fault::kubernetes("broken", "pods", FaultAction::InvalidJson).times(usize::MAX));
        let mut event = Event::schedule(rule);
        if rule == RuleName::NetPolCheck {
            event = event.with("requires", "covered");
        }
        let run = event.run(&world).await;
        run.failed("ClustersNotJudged");
        let written = format!("{}\n{}", run.invocation.stdout, run.invocation.stderr);
        lines.extend(written.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()));
    }
    lines
}

fn names(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().filter_map(Value::as_object).flat_map(|line| line.keys().cloned()).collect()
}

/// The fields that a query names, and the messages that it looks for.
fn fields(query: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut plain = String::new();
    let mut quoted = BTreeSet::new();
    for (number, part) in query.split(['"', '\'']).enumerate() {
        if number % 2 == 0 {
            plain.push_str(part);
        } else {
            quoted.insert(part.to_owned());
        }
    }
    let words: Vec<&str> = plain
        .split(|character: char| !character.is_alphanumeric() && !"@_.".contains(character))
        .filter(|word| !word.is_empty())
        .collect();
    let names: BTreeSet<&str> = words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1]).collect();
    let field = |word: &&&str| !WORDS.contains(*word) && !names.contains(**word) && word.parse::<u32>().is_err();
    (words.iter().filter(field).map(|word| (*word).to_owned()).collect(), quoted)
}

fn dashboard(template: &Template) -> Value {
    let body = &template.resource("Dashboard")["Properties"]["DashboardBody"];
    serde_json::from_str(&told(body)).unwrap_or_else(|error| panic!("the dashboard's body: {error}"))
}

#[tokio::test]
async fn every_query_looks_for_messages_and_fields_that_the_functions_write() {
    let lines = lines().await;
    let written = names(&lines);
    let messages: BTreeSet<&str> = lines.iter().filter_map(|line| line["message"].as_str()).collect();
    let template = Template::read("template.yaml");
    let mut queries: Vec<String> = Vec::new();
    for (_, query) in template.of_type("AWS::Logs::QueryDefinition") {
        queries.push(query["Properties"]["QueryString"].as_str().unwrap().to_owned());
    }
    assert_eq!(queries.len(), 5);
    for widget in dashboard(&template)["widgets"].as_array().unwrap() {
        queries.extend(widget["properties"]["query"].as_str().map(str::to_owned));
    }
    assert_eq!(queries.len(), 7);
    for query in queries {
        let (fields, quoted) = fields(&query);
        let unknown: Vec<&String> = fields.difference(&written).collect();
        assert!(unknown.is_empty(), "no line has {unknown:?}, which this query names: {query}");
        for text in quoted.iter().filter(|text| !text.starts_with("${") && *text != "CLUSTER") {
            assert!(messages.contains(text.as_str()), "no line has the message {text:?} of this query: {query}");
        }
    }
}

#[tokio::test]
async fn every_metric_of_the_dashboard_and_the_alarms_is_one_that_the_functions_write() {
    let lines = lines().await;
    let metrics: Vec<&Value> = lines.iter().filter(|line| line["_aws"].is_object()).collect();
    assert_eq!(metrics.len(), RuleName::ALL.len(), "one line of metrics a run");
    let mut written = BTreeSet::new();
    for line in metrics {
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(declared["Namespace"], "EksConfigRules");
        assert_eq!(declared["Dimensions"], serde_json::json!([["Rule"]]));
        for metric in declared["Metrics"].as_array().unwrap() {
            written.insert((line["Rule"].as_str().unwrap().to_owned(), metric["Name"].as_str().unwrap().to_owned()));
        }
    }
    let template = Template::read("template.yaml");
    let mut named = BTreeSet::new();
    for (_, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        let properties = &alarm["Properties"];
        if properties["Namespace"] == "EksConfigRules" {
            named.insert((told(&properties["Dimensions"][0]["Value"]), told(&properties["MetricName"])));
        }
    }
    for widget in dashboard(&template)["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            if metric[0] == "EksConfigRules" {
                assert_eq!(metric[2], "Rule");
                named.insert((told(&metric[3]), told(&metric[1])));
            }
        }
    }
    let unknown: Vec<&(String, String)> = named.difference(&written).collect();
    assert!(unknown.is_empty(), "nobody writes {unknown:?}");
}

#[test]
fn the_dashboard_shows_every_alarm_and_every_log() {
    let template = Template::read("template.yaml");
    let dashboard = dashboard(&template);
    let shown: BTreeSet<String> =
        dashboard["widgets"][0]["properties"]["alarms"].as_array().unwrap().iter().map(told).collect();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    assert_eq!(shown, alarms.into_iter().map(|(id, _)| format!("${{{id}.Arn}}")).collect());
    for widget in dashboard["widgets"].as_array().unwrap().iter().filter(|widget| widget["type"] == "log") {
        for rule in RuleName::ALL {
            let source = format!("SOURCE '${{{}LogGroup}}'", logical(rule));
            assert!(widget["properties"]["query"].as_str().unwrap().contains(&source), "{source}");
        }
    }
}

#[test]
fn a_saved_query_of_a_rule_reads_its_log_and_one_of_all_reads_all() {
    let template = Template::read("template.yaml");
    for (id, query) in template.of_type("AWS::Logs::QueryDefinition") {
        let groups: Vec<String> = query["Properties"]["LogGroupNames"].as_array().unwrap().iter().map(told).collect();
        let of_rule = RuleName::ALL.into_iter().find(|rule| id.starts_with(&logical(*rule)) && id != "NotJudgedQuery");
        let rules: Vec<RuleName> = of_rule.map_or(RuleName::ALL.to_vec(), |rule| vec![rule]);
        assert_eq!(groups, rules.into_iter().map(|rule| format!("${{{}LogGroup}}", logical(rule))).collect::<Vec<_>>());
    }
}

#[test]
fn the_rules_of_contributor_insights_are_json_and_a_refused_authentication_has_no_user() {
    let template = Template::read("infra/audit-alarms.yaml");
    let rules = template.of_type("AWS::CloudWatch::InsightRule");
    assert_eq!(rules.len(), 2);
    for (id, rule) in rules {
        let body: Value = serde_json::from_str(&told(&rule["Properties"]["RuleBody"])).unwrap();
        let keys = body["Contribution"]["Keys"].to_string();
        assert!(keys.contains("sourceIPs") && keys.contains("userAgent"), "{id}");
        assert_eq!(keys.contains("user.username"), id.starts_with("Forbidden"), "{id}");
    }
}

#[test]
fn a_metric_of_refused_requests_has_a_default_and_therefore_no_dimensions() {
    let template = Template::read("infra/audit-alarms.yaml");
    let filters = template.of_type("AWS::Logs::MetricFilter");
    assert_eq!(filters.len(), 2);
    for (id, filter) in filters {
        let metric = &filter["Properties"]["MetricTransformations"][0];
        assert_eq!(metric["DefaultValue"], 0, "{id}");
        assert!(metric["Dimensions"].is_null(), "{id}: CloudWatch Logs refuses both together");
        let alarms = template.of_type("AWS::CloudWatch::Alarm").into_iter();
        let watching = alarms.filter(|(_, alarm)| alarm.to_string().contains(&metric["MetricName"].to_string()));
        assert_eq!(watching.count(), 2, "{id}: a threshold and a band");
    }
}
