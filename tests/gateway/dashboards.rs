//! Dashboards and alerts ask for metrics and labels that there are.

use crate::stage::{Setting, Stage, alice, person};
use regex_lite::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use studio_gateway::error::Code;

const ALERTS: &str = include_str!("../../deploy/dashboards/alerts.yaml");
const GRAFANA: &str = include_str!("../../deploy/dashboards/grafana.json");
const CLOUDWATCH: &str = include_str!("../../deploy/dashboards/cloudwatch.yaml");
/// Names every outcome.
const OPERATIONS: &str = include_str!("../../docs/operations.md");
/// What only CloudWatch is told, without a label: Prometheus works it out by itself.
const OF_CLOUDWATCH: &str = "idp_certificate_days_left";
/// Labels that Prometheus gives to whatever it reads.
const OF_PROMETHEUS: [&str; 2] = ["instance", "job"];

/// Names as they are printed, each with its labels and their values.
type Series = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What a gateway prints after it has granted, refused, offered and waited.
async fn printed() -> Series {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_studio("alice").await;
    stage.post(&response).await.expect_refused(403, "assertion.replayed");
    stage.sign_in(&person("bob")).await;
    let waiting = Setting::usual().impatient().start().await;
    waiting.sign_in(&alice()).await.expect_preparing();
    let text = format!("{}{}", stage.gateway.metrics.text(), waiting.gateway.metrics.text());
    let label = Regex::new(r#"([a-z_]+)="([^"]*)""#).unwrap();
    let mut series = Series::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let labels = series.entry(name.to_owned()).or_default();
        let inside =
            line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
        for found in label.captures_iter(inside) {
            labels.entry(found[1].to_owned()).or_default().insert(found[2].to_owned());
        }
    }
    series
}

/// Everything in an expression that has to be there.
fn faults(expression: &str, series: &Series) -> Vec<String> {
    let metric = Regex::new(r"(studio_gateway_[a-z_]+)(\{[^}]*\})?").unwrap();
    let matcher = Regex::new(r#"([a-z_]+)(=~|!=|!~|=)"([^"]*)""#).unwrap();
    let grouping = Regex::new(r"(?:by|without|on) \(([a-z_, ]+)\)").unwrap();
    let mut faults = Vec::new();
    let mut known: BTreeSet<&str> = OF_PROMETHEUS.into();
    for found in metric.captures_iter(expression) {
        let Some(labels) = series.get(&found[1]) else {
            faults.push(format!("there is no metric {}", &found[1]));
            continue;
        };
        known.extend(labels.keys().map(String::as_str));
        for matched in matcher.captures_iter(found.get(2).map_or("", |labels| labels.as_str())) {
            let (label, operator, value) = (&matched[1], &matched[2], &matched[3]);
            match labels.get(label) {
                None => faults.push(format!("{} has no label {label}", &found[1])),
                Some(values) => faults.extend(unknown_value(label, operator, value, values)),
            }
        }
    }
    for found in grouping.captures_iter(expression) {
        let unknown = found[1].split(", ").filter(|label| !known.contains(label));
        faults.extend(unknown.map(|label| format!("nothing has the label {label}")));
    }
    faults
}

/// A value that the label never has. Codes are known by their list.
fn unknown_value(label: &str, operator: &str, value: &str, values: &BTreeSet<String>) -> Option<String> {
    let of_code = |text: &str| Code::ALL.iter().any(|code| code.name() == text);
    let fits = match (label, operator) {
        ("code", "=" | "!=") => of_code(value),
        ("code", _) => {
            let pattern = Regex::new(&format!("^(?:{value})$")).unwrap();
            value.split('|').all(|part| part.contains(['(', '[', '+', '*', ')']) || of_code(part))
                && Code::ALL.iter().any(|code| pattern.is_match(code.name()))
        }
        // Not all of them happened here.
        ("outcome", _) => OPERATIONS.contains(&format!("`{value}`")),
        _ => values.contains(value),
    };
    (!fits).then(|| format!("{label} is never {value}"))
}

#[tokio::test]
async fn alerts_ask_for_what_is_printed() {
    let series = printed().await;
    assert!(ALERTS.matches("studio_gateway_").count() > 15, "they ask for something");
    // Expressions that go over two lines are one.
    let text = Regex::new(r"\n {10,}").unwrap().replace_all(ALERTS, " ").into_owned();
    for line in text.lines() {
        assert_eq!(faults(line, &series), [""; 0], "{line}");
    }
}

#[tokio::test]
async fn the_grafana_dashboard_asks_for_what_is_printed_or_recorded() {
    let series = printed().await;
    let dashboard: Value = serde_json::from_str(GRAFANA).unwrap();
    let recorded = Regex::new(r"studio_gateway:[a-z0-9_:]+").unwrap();
    let mut seen = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            assert_eq!(faults(expression, &series), [""; 0], "{}: {expression}", panel["title"]);
            for name in recorded.find_iter(expression) {
                assert!(ALERTS.contains(&format!("record: {}\n", name.as_str())), "{}", name.as_str());
            }
            seen.extend(series.keys().filter(|name| expression.contains(name.as_str())));
        }
    }
    for name in series.keys() {
        let shown = name.trim_end_matches("_sum").trim_end_matches("_count").trim_end_matches("_bucket");
        assert!(seen.iter().any(|one| one.starts_with(shown)), "no panel shows {name}");
    }
}

#[tokio::test]
async fn cloudwatch_is_asked_for_the_same_metrics_without_the_prefix() {
    let series = printed().await;
    let named = Regex::new(r#"MetricName(?:: |=\\")([a-z_]+)"#).unwrap();
    let dimensions = Regex::new(r"StudioGateway,([a-z,]+)\}").unwrap();
    let one = Regex::new(r"\{ Name: ([a-z]+), Value: ([a-z.-]+) \}").unwrap();
    let labels_of = |name: &str| {
        let plain = series.get(&format!("studio_gateway_{name}"));
        let histogram = series.get(&format!("studio_gateway_{name}_count"));
        plain.or(histogram).unwrap_or_else(|| panic!("there is no metric {name}"))
    };
    let mut asked = 0;
    // What stands on several lines is one from `MetricName` to the next.
    let starts: Vec<_> = named.captures_iter(CLOUDWATCH).collect();
    for (index, found) in starts.iter().enumerate() {
        asked += 1;
        let from = found.get(0).unwrap().start();
        let to = starts.get(index + 1).map_or(CLOUDWATCH.len(), |next| next.get(0).unwrap().start());
        if &found[1] == OF_CLOUDWATCH {
            assert!(!CLOUDWATCH[from..to].contains("Dimensions"));
            continue;
        }
        let labels = labels_of(&found[1]);
        let names: BTreeSet<_> = labels.keys().map(String::as_str).collect();
        let set: BTreeSet<_> = one
            .captures_iter(&CLOUDWATCH[from..to])
            .map(|one| (one.get(1).unwrap().as_str(), one.get(2).unwrap().as_str()))
            .collect();
        if CLOUDWATCH[from..to].contains("Dimensions") {
            assert_eq!(set.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), names, "{}", &found[1]);
            for (label, value) in set {
                assert_eq!(unknown_value(label, "=", value, &labels[label]), None, "{}", &found[1]);
            }
        } else {
            let before = dimensions.captures_iter(&CLOUDWATCH[..from]).last().unwrap();
            let told: BTreeSet<_> = before.get(1).unwrap().as_str().split(',').collect();
            assert_eq!(told, names, "{}", &found[1]);
        }
    }
    assert!(asked > 40, "{asked}");
    assert!(CLOUDWATCH.contains(&format!("MetricName: {OF_CLOUDWATCH}\n")));
}
