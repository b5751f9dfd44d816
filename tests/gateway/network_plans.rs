//! `network-plan`, as a process.

use crate::processes::{folder, run};
use serde_json::Value;
use std::fs;

const SCENARIO: [&str; 7] = [
    "network-plan",
    "--users=100",
    "--apps=1",
    "--instance-types=2",
    "--training-instances=1",
    "--zones=3",
    "--endpoints=10",
];

fn with(more: &[&str]) -> (Option<i32>, String, String) {
    let all: Vec<_> = SCENARIO.iter().chain(more).copied().collect();
    run(&all)
}

#[test]
fn the_scenario_of_the_whitepaper_as_a_table_as_json_and_as_a_picture() {
    let (code, text, _) = with(&["--vpc=10.20.0.0/16"]);
    assert_eq!(code, Some(0));
    for says in ["533", "33 of the domain, 500 of people", "10.20.2.0/24", "in a /22", "subnets.fixed: "] {
        assert!(text.contains(says), "{says}\n{text}");
    }
    let picture = folder("network-plan").join("plan.svg");
    let (code, text, _) = with(&["--vpc=10.20.0.0/16", "--json", &format!("--svg={}", picture.display())]);
    assert_eq!(code, Some(0));
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["interfaces"]["total"], 533);
    assert_eq!(plan["interfaces"]["totalWithOneSubnetOfDomain"], 511);
    assert_eq!(plan["blockPrefix"], 22);
    assert_eq!(plan["blocks"][0]["cidr"], "10.20.0.0/24");
    assert!(fs::read_to_string(picture).unwrap().starts_with("<svg "));
}

#[test]
fn what_cannot_be_is_told_in_a_sentence() {
    let (code, _, complaint) = with(&["--vpc=10.20.0.0/24"]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("the VPC has no room for subnet 2 of 3"), "{complaint}");
    let (code, _, complaint) = with(&["--vpc=10.20.0.1/16"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("the block is 10.20.0.0/16"), "{complaint}");
    let (code, _, complaint) = with(&["--taken=10.0.0.0/8"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("from /16 to /28"), "{complaint}");
}
