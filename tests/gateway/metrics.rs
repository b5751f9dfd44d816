//! What monitoring sees of sign-ins, and what it must not see.

use crate::stage::{IDP, SSO, Setting, Stage, alice, idp_metadata, key, stranger_key};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;
use studio_gateway::clock::Clock;
use studio_gateway::demo::idp::metadata::metadata_xml;
use studio_gateway::saml::metadata::IdpMetadata;

/// The value of a metric with exactly these labels, however they are ordered.
fn value(stage: &Stage, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let text = stage.gateway.metrics.text();
    let line = text.lines().find(|line| {
        let Some((series, _)) = line.rsplit_once(' ') else { return false };
        let (found, rest) = series.split_once('{').unwrap_or((series, ""));
        let found_labels = rest.trim_end_matches('}').split(',').filter(|label| !label.is_empty()).count();
        found == format!("studio_gateway_{name}")
            && found_labels == labels.len()
            && labels.iter().all(|(key, value)| rest.contains(&format!("{key}=\"{value}\"")))
    })?;
    line.rsplit_once(' ').unwrap().1.parse().ok()
}

#[tokio::test]
async fn sign_ins_are_counted_by_outcome_and_code() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_studio("alice").await;
    for _ in 0..2 {
        stage.post(&response).await.expect_refused(403, "assertion.replayed");
    }
    assert_eq!(value(&stage, "sign_ins_total", &[("outcome", "granted"), ("code", "")]), Some(1.0));
    let refused = [("outcome", "refused"), ("code", "assertion.replayed")];
    assert_eq!(value(&stage, "sign_ins_total", &refused), Some(2.0));
    assert_eq!(value(&stage, "replay_claims_total", &[("outcome", "first")]), Some(1.0));
    assert_eq!(value(&stage, "replay_claims_total", &[("outcome", "repeated")]), Some(2.0));
    assert_eq!(value(&stage, "sign_in_seconds_count", &[("outcome", "refused")]), Some(2.0));
}

#[tokio::test]
async fn time_that_is_spent_waiting_for_aws_is_told_apart() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    let wait = Duration::from_millis(300);
    // These two run side by side, and then comes the third.
    for api in ["AssumeRoleWithSAML", "DescribeUserProfile", "CreatePresignedDomainUrl"] {
        stage.aws.knobs().latency(api, wait);
    }
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let granted = [("outcome", "granted")];
    assert_eq!(value(&stage, "own_seconds_count", &granted), Some(1.0));
    let whole = value(&stage, "sign_in_seconds_sum", &granted).unwrap();
    let own = value(&stage, "own_seconds_sum", &granted).unwrap();
    assert!(own > 0.0 && whole - own >= 2.0 * wait.as_secs_f64(), "{own} of {whole}");
}

#[tokio::test]
async fn a_page_that_waits_counts_what_it_waited() {
    let stage = Setting::usual().impatient().start().await;
    stage.sign_in(&alice()).await.expect_preparing();
    assert_eq!(value(&stage, "own_seconds_count", &[("outcome", "preparing")]), Some(1.0));
}

#[tokio::test]
async fn calls_of_aws_are_counted_by_api_and_outcome() {
    let stage = Stage::new().await;
    stage.aws.knobs().fail("sagemaker:CreateUserProfile", 1, 400, "ResourceLimitExceeded");
    stage.sign_in(&alice()).await.expect_refused(503, "aws.limit");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    for (api, outcome, times) in [
        ("sts:AssumeRoleWithSAML", "ok", 2.0),
        ("sagemaker:CreateUserProfile", "error", 1.0),
        ("sagemaker:CreateUserProfile", "ok", 1.0),
        ("sagemaker:CreatePresignedDomainUrl", "ok", 1.0),
    ] {
        let labels = [("api", api), ("outcome", outcome)];
        assert_eq!(value(&stage, "aws_calls_total", &labels), Some(times), "{api} {outcome}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_whatever_their_path() {
    let stage = Stage::new().await;
    stage.get("/").await;
    for path in ["/nowhere", "/<script>", "/alice@example.com"] {
        stage.get(path).await;
    }
    let route = |route, status| [("route", route), ("method", "GET"), ("status", status)];
    assert_eq!(value(&stage, "http_requests_total", &route("/", "200")), Some(1.0));
    assert_eq!(value(&stage, "http_requests_total", &route("none", "404")), Some(3.0));
    assert_eq!(value(&stage, "http_requests_in_flight", &[]), Some(0.0));
}

#[tokio::test]
async fn the_end_of_each_certificate_is_told() {
    let stage = Stage::new().await;
    let metadata = IdpMetadata::parse(&idp_metadata(), None, None, Clock::system().now()).unwrap();
    let ends = metadata.certificates_end[0].timestamp();
    let labels = [("idp", "corp"), ("certificate", "0")];
    let told = value(&stage, "idp_certificate_not_after_timestamp_seconds", &labels).unwrap();
    let ends: f64 = ends.to_string().parse().unwrap();
    assert!((told - ends).abs() < 1.0, "{told} {ends}");
}

#[tokio::test]
async fn cloudwatch_is_told_how_many_days_are_left() {
    let both = metadata_xml(IDP, SSO, &[key(), stranger_key()]).unwrap();
    let stage = Setting::usual().replace_file("idp.xml", &both).start().await;
    stage.gateway.metrics.keep_for_cloudwatch();
    let metadata = IdpMetadata::parse(&both, None, None, Clock::system().now()).unwrap();
    let last = *metadata.certificates_end.iter().max().unwrap();
    for (days, left) in [(10, 10.0), (-1, -1.0)] {
        let lines = stage.gateway.metrics.take_lines(last - TimeDelta::days(days));
        let told: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let days: Vec<_> =
            told.iter().filter(|line| line.get("idp_certificate_days_left").is_some()).collect();
        assert_eq!(days.len(), 1, "{lines:?}");
        assert_eq!(days[0]["idp_certificate_days_left"], left);
        assert_eq!(days[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]), "for an alarm");
    }
}

#[tokio::test]
async fn nothing_of_a_person_is_in_the_metrics() {
    let stage = Setting::usual().start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let text = stage.gateway.metrics.text();
    for personal in ["alice", "DataScientist", "arn:", "127.0.0.1", "user-profile"] {
        assert!(!text.contains(personal), "{personal} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
