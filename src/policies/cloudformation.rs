//! Policies as a CloudFormation template. The documents in it are JSON, which is YAML too.

use super::json::pretty;
use super::{Kind, Policy};
use serde_json::Value;
use std::fmt::Write;

/// A template with all of these.
pub(super) fn template(policies: &[(&Policy, &Value)]) -> String {
    let mut text = String::from(
        "AWSTemplateFormatVersion: \"2010-09-09\"\nDescription: Policies around studio-gateway\n",
    );
    if policies.iter().any(|(policy, _)| policy.kind == Kind::Endpoint) {
        text.push_str(
            "Parameters:\n  VpcId:\n    Type: AWS::EC2::VPC::Id\n  SubnetIds:\n    Type: List<AWS::EC2::Subnet::Id>\n  \
             EndpointSecurityGroupId:\n    Type: AWS::EC2::SecurityGroup::Id\n",
        );
    }
    text.push_str("Resources:\n");
    for (policy, document) in policies {
        resource(policy, document, &mut text);
    }
    text
}

fn resource(policy: &Policy, document: &Value, text: &mut String) {
    let document = pretty(document, 6);
    let _ = write!(text, "  # {}\n  # Goes: {}\n  # Breaks: {}\n", policy.does, policy.goes, policy.breaks);
    let _ = writeln!(text, "  {}:", logical_id(&policy.full_name()));
    let holder = policy.holder.as_deref();
    let mut lines = match policy.kind {
        Kind::Identity => vec!["Type: AWS::IAM::ManagedPolicy".to_owned(), "Properties:".into()],
        Kind::Trust => vec!["Type: AWS::IAM::Role".into(), "Properties:".into()],
        Kind::Guardrail => vec![
            "Type: AWS::Organizations::Policy".into(),
            "Properties:".into(),
            format!("  Name: studio-{}", policy.name),
            "  Type: SERVICE_CONTROL_POLICY".into(),
        ],
        Kind::Endpoint => vec![
            "Type: AWS::EC2::VPCEndpoint".into(),
            "Properties:".into(),
            "  VpcId: !Ref VpcId".into(),
            "  SubnetIds: !Ref SubnetIds".into(),
            "  SecurityGroupIds: [!Ref EndpointSecurityGroupId]".into(),
            "  ServiceName: !Sub com.amazonaws.${AWS::Region}.sagemaker.api".into(),
            "  VpcEndpointType: Interface".into(),
            "  PrivateDnsEnabled: true".into(),
        ],
        Kind::Key => vec![
            "Type: AWS::KMS::Key".into(),
            "DeletionPolicy: Retain".into(),
            "UpdateReplacePolicy: Retain".into(),
            "Properties:".into(),
            "  EnableKeyRotation: true".into(),
        ],
    };
    match (policy.kind, policy.name, holder) {
        (Kind::Trust, _, Some(role)) => lines.push(format!("  RoleName: {role:?}")),
        (Kind::Identity, "notebook-instances", Some(group)) => lines.push(format!("  Groups: [{group:?}]")),
        _ => {}
    }
    let property = match policy.kind {
        Kind::Identity | Kind::Endpoint => "PolicyDocument",
        Kind::Trust => "AssumeRolePolicyDocument",
        Kind::Guardrail => "Content",
        Kind::Key => "KeyPolicy",
    };
    lines.push(format!("  {property}: {document}"));
    for line in lines {
        let _ = writeln!(text, "    {line}");
    }
}

/// Letters and digits: `trust-policy:1/R` becomes `TrustPolicy1R`.
fn logical_id(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| Some(format!("{}{}", word.get(..1)?.to_uppercase(), word.get(1..)?))).collect()
}
