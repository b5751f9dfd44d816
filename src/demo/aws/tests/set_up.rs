//! What an administrator makes with IAM before there is a gateway.

use super::fixture::{ACCOUNT, IDP, KEY_ID, KEY_SECRET, keys, world};
use super::over_http::code;
use crate::clock::Clock;
use crate::demo::aws::{EmbeddedAws, StaticKeys, World};
use crate::demo::idp::metadata::metadata_xml;
use aws_credential_types::Credentials;
use aws_sdk_iam::{Client as Iam, config::Region};
use serde_json::json;

const ADMINISTRATOR: &str = "AKIAADMINISTRATOR000";
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}"#;

/// The account of the other tests, with an administrator.
async fn start() -> EmbeddedAws {
    let mut world: World = world();
    world.gateway_keys.push(StaticKeys {
        access_key_id: ADMINISTRATOR.into(),
        secret_access_key: KEY_SECRET.into(),
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:user/administrator"),
        policies: vec![json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]})],
    });
    EmbeddedAws::start(world, Clock::system(), "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn iam(aws: &EmbeddedAws, key: &str) -> Iam {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version_latest()
        .region(Region::new("us-east-1"))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::new(key, KEY_SECRET, None, None, "test"))
        .retry_config(aws_sdk_iam::config::retry::RetryConfig::disabled())
        .build();
    Iam::from_conf(config)
}

#[tokio::test]
async fn a_saml_provider_is_made_once_of_metadata_that_can_be_read() {
    let aws = start().await;
    let metadata = metadata_xml(IDP, "https://idp.example.com/sso", &[&keys().0]).unwrap();
    let create = |key: &str, name: &str, metadata: &str| {
        iam(&aws, key).create_saml_provider().name(name).saml_metadata_document(metadata).send()
    };
    assert_eq!(code(create(KEY_ID, "second", &metadata).await), (403, "AccessDenied".into()));
    let made = create(ADMINISTRATOR, "second", &metadata).await.unwrap();
    let arn = format!("arn:aws:iam::{ACCOUNT}:saml-provider/second");
    assert_eq!(made.saml_provider_arn(), Some(arn.as_str()));
    let again = iam(&aws, ADMINISTRATOR).get_saml_provider().saml_provider_arn(&arn).send().await.unwrap();
    assert_eq!(again.saml_metadata_document(), Some(metadata.as_str()));
    let taken = create(ADMINISTRATOR, "second", &metadata).await;
    assert_eq!(code(taken), (409, "EntityAlreadyExists".into()));
    let unreadable = create(ADMINISTRATOR, "third", &"<metadata/> ".repeat(100)).await;
    assert_eq!(code(unreadable), (400, "InvalidInput".into()));
    assert_eq!(code(create(ADMINISTRATOR, "third", "<short/>").await), (400, "ValidationError".into()));
}

#[tokio::test]
async fn keys_of_a_role_have_the_policies_that_are_put_into_it() {
    let aws = start().await;
    let administrator = iam(&aws, ADMINISTRATOR);
    let put = |name: &str, document: &str| {
        administrator
            .put_role_policy()
            .role_name("Gateway")
            .policy_name(name)
            .policy_document(document)
            .send()
    };
    let document = |effect: &str, action: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})
            .to_string()
    };
    assert_eq!(code(put("studio", &document("Allow", "iam:*")).await), (404, "NoSuchEntity".into()));
    let role = administrator.create_role().role_name("Gateway").assume_role_policy_document(TRUST);
    role.send().await.unwrap();

    let gateway = iam(&aws, KEY_ID);
    let tag = aws_sdk_iam::types::Tag::builder().key("team").value("ml").build().unwrap();
    let tagged = || gateway.tag_role().role_name("Gateway").tags(tag.clone()).send();
    assert_eq!(code(tagged().await), (403, "AccessDenied".into()));
    put("studio", &document("Allow", "iam:TagRole")).await.unwrap();
    tagged().await.unwrap();
    put("studio", &document("Allow", "iam:UntagRole")).await.unwrap();
    assert_eq!(code(tagged().await), (403, "AccessDenied".into()), "it replaced the other");

    let malformed = (400, "MalformedPolicyDocument".to_owned());
    assert_eq!(code(put("studio", "no JSON").await), malformed);
    assert_eq!(code(put("studio", TRUST).await), malformed, "a trust policy names no resource");
    let long = document("Allow", &format!("iam:{}", "x".repeat(10_240)));
    assert_eq!(code(put("long", &long).await), (409, "LimitExceeded".into()));
}
