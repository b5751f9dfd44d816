//! The same metrics for CloudWatch, where nobody can come by and read them: on Lambda, each answer writes lines in the
//! embedded metric format (CloudWatch Logs, "Specification: Embedded metric format") to standard output.
//!
//! Names are those for Prometheus without their prefix, dimensions are the labels. A label without a value is left out:
//! CloudWatch takes no empty dimensions.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// The namespace of all our metrics.
const NAMESPACE: &str = "StudioGateway";
/// Most values of one metric in one line, by the specification.
const MOST_VALUES: usize = 100;
/// How often the ends of certificates are told.
const CERTIFICATES: TimeDelta = TimeDelta::minutes(5);
/// Observations that are kept for an answer which never comes.
const MOST_KEPT: usize = 10_000;

/// What a number counts, as CloudWatch calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Count,
    Seconds,
    None,
}

type Labels = Vec<(&'static str, String)>;

/// What was observed since the last answer.
#[derive(Default)]
pub(super) struct Observed {
    by_labels: BTreeMap<Labels, BTreeMap<(&'static str, Unit), Vec<f64>>>,
    kept: usize,
    certificates_told: Option<DateTime<Utc>>,
}

impl Observed {
    pub(super) fn note(
        &mut self,
        name: &'static str,
        unit: Unit,
        value: f64,
        labels: &[(&'static str, &str)],
    ) {
        if self.kept >= MOST_KEPT {
            return;
        }
        self.kept += 1;
        let labels = labels.iter().filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.by_labels.entry(labels).or_default().entry((name, unit)).or_default().push(value);
    }

    /// Whether it is time to tell the ends of certificates again.
    pub(super) fn wants_certificates(&mut self, now: DateTime<Utc>) -> bool {
        let wanted = self.certificates_told.is_none_or(|told| now - told >= CERTIFICATES);
        if wanted {
            self.certificates_told = Some(now);
        }
        wanted
    }

    /// The lines for what was observed. After that, nothing was.
    pub(super) fn take_lines(&mut self, now: DateTime<Utc>) -> Vec<String> {
        self.kept = 0;
        let mut lines = Vec::new();
        for (labels, mut metrics) in std::mem::take(&mut self.by_labels) {
            while !metrics.is_empty() {
                lines.push(line(&labels, &mut metrics, now));
                metrics.retain(|_, values| !values.is_empty());
            }
        }
        lines
    }
}

/// One line with as many values as may be in one, which are taken out.
fn line(
    labels: &Labels,
    metrics: &mut BTreeMap<(&'static str, Unit), Vec<f64>>,
    now: DateTime<Utc>,
) -> String {
    let mut members = Map::new();
    let mut definitions = Vec::new();
    for (label, value) in labels {
        members.insert((*label).to_owned(), json!(value));
    }
    for ((name, unit), values) in metrics {
        let values: Vec<f64> = values.drain(..values.len().min(MOST_VALUES)).collect();
        let unit = match unit {
            Unit::Count => "Count",
            Unit::Seconds => "Seconds",
            Unit::None => "None",
        };
        definitions.push(json!({ "Name": name, "Unit": unit }));
        let value = if let [only] = values.as_slice() { json!(only) } else { json!(values) };
        members.insert((*name).to_owned(), value);
    }
    let names: Vec<_> = labels.iter().map(|(label, _)| *label).collect();
    let directive = json!({
        "Timestamp": now.timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [names], "Metrics": definitions }],
    });
    members.insert("_aws".to_owned(), directive);
    Value::Object(members).to_string()
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn what_has_the_same_labels_is_one_line() {
        let mut observed = Observed::default();
        let route = [("route", "/saml/acs")];
        observed.note("http_request_seconds", Unit::Seconds, 0.5, &route);
        observed.note("http_request_seconds", Unit::Seconds, 0.25, &route);
        observed.note("sign_ins_total", Unit::Count, 1.0, &[("outcome", "granted"), ("code", "")]);
        let lines: Vec<Value> = observed
            .take_lines(at(1_700_000_000))
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines,
            [
                json!({
                    "_aws": {
                        "Timestamp": 1_700_000_000_000_i64,
                        "CloudWatchMetrics": [{
                            "Namespace": "StudioGateway",
                            "Dimensions": [["outcome"]],
                            "Metrics": [{ "Name": "sign_ins_total", "Unit": "Count" }],
                        }],
                    },
                    "outcome": "granted",
                    "sign_ins_total": 1.0,
                }),
                json!({
                    "_aws": {
                        "Timestamp": 1_700_000_000_000_i64,
                        "CloudWatchMetrics": [{
                            "Namespace": "StudioGateway",
                            "Dimensions": [["route"]],
                            "Metrics": [{ "Name": "http_request_seconds", "Unit": "Seconds" }],
                        }],
                    },
                    "route": "/saml/acs",
                    "http_request_seconds": [0.5, 0.25],
                }),
            ]
        );
        assert!(observed.take_lines(at(1_700_000_000)).is_empty(), "they are told once");
    }

    #[test]
    fn no_line_has_more_than_a_hundred_values_of_a_metric() {
        let mut observed = Observed::default();
        for number in 0..250 {
            observed.note("aws_call_seconds", Unit::Seconds, f64::from(number), &[("api", "sts:X")]);
        }
        let counts: Vec<_> = observed
            .take_lines(at(0))
            .iter()
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                line["aws_call_seconds"].as_array().unwrap().len()
            })
            .collect();
        assert_eq!(counts, [100, 100, 50]);
    }

    #[test]
    fn certificates_are_told_every_five_minutes() {
        let mut observed = Observed::default();
        assert!(observed.wants_certificates(at(0)));
        assert!(!observed.wants_certificates(at(299)));
        assert!(observed.wants_certificates(at(300)));
    }
}
