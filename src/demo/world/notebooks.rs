//! What an admin gives to roles so that people get to notebook instances, and so that the gateway can start them.

use crate::config::{Config, NotebookPlace};
use serde_json::{Value, json};

/// The notebook instances that the configuration speaks of.
pub(super) fn places(config: &Config) -> impl Iterator<Item = &NotebookPlace> {
    config.destinations.iter().filter_map(|destination| destination.notebooks())
}

/// Opening instances whose owner tag equals the person's session tag; any, where they are shared.
pub(super) fn opening(place: &NotebookPlace) -> Value {
    let condition = place.owner_tag.as_ref().map_or_else(
        || json!({}),
        |tag| {
            let mine = format!("${{aws:PrincipalTag/{}}}", place.session_tag);
            json!({ "StringEquals": { format!("sagemaker:ResourceTag/{tag}"): mine } })
        },
    );
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "sagemaker:CreatePresignedNotebookInstanceUrl",
            "Resource": format!("{}*", place.arn_prefix()),
            "Condition": condition,
        }],
    })
}

/// Looking for instances, and starting them.
pub(super) fn starting(place: &NotebookPlace) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "sagemaker:DescribeNotebookInstance",
                    "sagemaker:StartNotebookInstance",
                    "sagemaker:ListTags",
                ],
                "Resource": format!("{}*", place.arn_prefix()),
            },
            { "Effect": "Allow", "Action": "sagemaker:ListNotebookInstances", "Resource": "*" },
        ],
    })
}
