//! Over HTTP, with AWS's own clients: the wire formats, the signatures and the whole way into Studio.

use super::fixture::{
    DOMAIN, KEY_ID, KEY_SECRET, PROVIDER, REGION, ROLE, element, now, response, signed, world,
};
use crate::clock::Clock;
use crate::demo::aws::{EmbeddedAws, Outcome};
use aws_credential_types::Credentials;
use aws_sdk_sagemaker::types::{StudioLifecycleConfigAppType, Tag, UserProfileStatus};
use aws_sdk_sagemaker::{Client as SageMaker, config::Region};
use aws_sdk_sts::Client as Sts;
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::json;
use std::time::Duration;

pub(super) async fn start() -> EmbeddedAws {
    let bind = "127.0.0.1:0".parse().unwrap();
    EmbeddedAws::start(world(), Clock::fixed(now()), bind).await.unwrap()
}

/// The SDK's own clock must be near the emulator's, so signed calls run at the present time.
pub(super) async fn start_now() -> EmbeddedAws {
    let bind = "127.0.0.1:0".parse().unwrap();
    EmbeddedAws::start(world(), Clock::system(), bind).await.unwrap()
}

pub(super) fn sts(aws: &EmbeddedAws) -> Sts {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version_latest()
        .region(Region::new(REGION))
        .endpoint_url(aws.url())
        .credentials_provider(Credentials::new(KEY_ID, KEY_SECRET, None, None, "test"))
        .retry_config(aws_sdk_sts::config::retry::RetryConfig::disabled())
        .build();
    Sts::from_conf(config)
}

pub(super) fn sagemaker_as(aws: &EmbeddedAws, credentials: Credentials, region: &'static str) -> SageMaker {
    let config = aws_sdk_sagemaker::Config::builder()
        .behavior_version_latest()
        .region(Region::new(region))
        .endpoint_url(aws.url())
        .credentials_provider(credentials)
        .retry_config(aws_sdk_sagemaker::config::retry::RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(10)).build())
        .build();
    SageMaker::from_conf(config)
}

pub(super) fn gateway(aws: &EmbeddedAws) -> SageMaker {
    sagemaker_as(aws, Credentials::new(KEY_ID, KEY_SECRET, None, None, "test"), REGION)
}

pub(super) fn code<T, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<
        T,
        aws_sdk_sts::error::SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    >,
) -> (u16, String) {
    let error = result.err().unwrap();
    let code = error.code().unwrap_or_default().to_owned();
    let raw = error.raw_response().unwrap();
    assert!(raw.headers().get("x-amzn-requestid").is_some());
    (raw.status().as_u16(), code)
}

async fn assume(aws: &EmbeddedAws, assertion: String) -> Credentials {
    let output = sts(aws)
        .assume_role_with_saml()
        .role_arn(ROLE)
        .principal_arn(PROVIDER)
        .saml_assertion(assertion)
        .send()
        .await
        .unwrap();
    assert_eq!(output.subject(), Some("alice"));
    let given = output.credentials().unwrap();
    Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "test",
    )
}

fn assertion_for(aws: &EmbeddedAws) -> String {
    signed(&super::fixture::response_at("alice", aws.server.clock.now()))
}

#[tokio::test]
async fn a_person_signs_in_and_lands_in_studio() {
    let aws = start_now().await;
    let credentials = assume(&aws, assertion_for(&aws)).await;
    let alice = sagemaker_as(&aws, credentials, REGION);
    let output = alice
        .create_presigned_domain_url()
        .domain_id(DOMAIN)
        .user_profile_name("alice")
        .landing_uri("studio::")
        .send()
        .await
        .unwrap();
    let url = output.authorized_url().unwrap();
    assert!(url.starts_with(aws.url()));

    let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let page = browser.get(url).send().await.unwrap();
    assert_eq!((page.status(), page.url().path()), (reqwest::StatusCode::OK, "/studio/page"));
    let html = page.text().await.unwrap();
    assert!(html.contains("assumed-role/DataScientist/alice") && html.contains("sts:AssumeRoleWithSAML"));

    let again = browser.get(url).send().await.unwrap();
    assert_eq!(again.status(), reqwest::StatusCode::FORBIDDEN);
    let stranger = reqwest::get(format!("{}/studio/page", aws.url())).await.unwrap();
    assert_eq!(stranger.status(), reqwest::StatusCode::FORBIDDEN);

    let apis: Vec<(String, String)> = aws.events().into_iter().map(|e| (e.api, e.principal)).collect();
    assert_eq!(apis[0], ("sts:AssumeRoleWithSAML".into(), "anonymous".into()));
    assert_eq!(apis[1].0, "sagemaker:CreatePresignedDomainUrl");
    assert!(apis[1].1.ends_with("assumed-role/DataScientist/alice"));
    let events = serde_json::to_string(&aws.events()).unwrap();
    let token = url.split_once("token=").unwrap().1;
    assert!(!events.contains("SAMLAssertion") && !events.contains(token));
    aws.stop().await;
}

#[tokio::test]
async fn a_session_is_refused_another_profile_on_the_wire() {
    let aws = start_now().await;
    let alice = sagemaker_as(&aws, assume(&aws, assertion_for(&aws)).await, REGION);
    let call = alice.create_presigned_domain_url().domain_id(DOMAIN).user_profile_name("bob");
    assert_eq!(code(call.send().await), (400, "AccessDeniedException".into()));
    let refused = aws.events().pop().unwrap();
    assert_eq!(refused.outcome, Outcome::Error("AccessDeniedException".into()));
    assert!(refused.resource.ends_with("/bob"));
}

#[tokio::test]
async fn profiles_are_created_described_and_listed_by_the_sdk() {
    let aws = start_now().await;
    let client = gateway(&aws);
    aws.knobs().pending_describes(1);
    let config = client
        .create_studio_lifecycle_config()
        .studio_lifecycle_config_name("git")
        .studio_lifecycle_config_app_type(StudioLifecycleConfigAppType::JupyterLab)
        .studio_lifecycle_config_content("ZWNobyBoaQ==")
        .send()
        .await
        .unwrap();
    assert_eq!(aws.lifecycle_configs()[0].arn, config.studio_lifecycle_config_arn().unwrap());
    let tag = Tag::builder().key("studiouserid").value("carol").build();
    client.create_user_profile().domain_id(DOMAIN).user_profile_name("carol").tags(tag).send().await.unwrap();
    let describe = || client.describe_user_profile().domain_id(DOMAIN).user_profile_name("carol").send();
    let pending = describe().await.unwrap();
    assert_eq!(pending.status(), Some(&UserProfileStatus::Pending));
    assert!(pending.creation_time().is_some());
    let ready = describe().await.unwrap();
    assert_eq!(ready.status(), Some(&UserProfileStatus::InService));
    let tags = client.list_tags().resource_arn(ready.user_profile_arn().unwrap()).send().await.unwrap();
    assert_eq!(tags.tags()[0].value(), Some("carol"));
    let missing = client.describe_user_profile().domain_id(DOMAIN).user_profile_name("dave").send().await;
    assert!(missing.unwrap_err().into_service_error().is_resource_not_found());
    let listed = client.list_user_profiles().domain_id_equals(DOMAIN).send().await.unwrap();
    assert_eq!(listed.user_profiles().len(), 3);
    assert_eq!(aws.profiles().len(), 3);
    let domain = client.describe_domain().domain_id(DOMAIN).send().await.unwrap();
    assert_eq!(domain.auth_mode().map(|m| m.as_str().to_owned()), Some("IAM".into()));
}

#[tokio::test]
async fn signatures_are_checked_on_the_wire() {
    let aws = start_now().await;
    let describe =
        |client: SageMaker| async move { code(client.describe_domain().domain_id(DOMAIN).send().await) };
    let with = |key: &str, secret: &str, token: Option<&str>| {
        Credentials::new(key, secret, token.map(str::to_owned), None, "test")
    };
    let wrong_secret = sagemaker_as(&aws, with(KEY_ID, "wrong", None), REGION);
    assert_eq!(describe(wrong_secret).await, (400, "InvalidSignatureException".into()));
    let unknown = sagemaker_as(&aws, with("AKIANOBODY", KEY_SECRET, None), REGION);
    assert_eq!(describe(unknown).await, (400, "UnrecognizedClientException".into()));
    let with_token = sagemaker_as(&aws, with(KEY_ID, KEY_SECRET, Some("token")), REGION);
    assert_eq!(describe(with_token).await, (400, "UnrecognizedClientException".into()));
    let elsewhere = sagemaker_as(&aws, with(KEY_ID, KEY_SECRET, None), "eu-west-1");
    assert_eq!(describe(elsewhere).await, (400, "InvalidSignatureException".into()));

    let session = assume(&aws, assertion_for(&aws)).await;
    let other_token = with(session.access_key_id(), session.secret_access_key(), Some("other"));
    let tampered = sagemaker_as(&aws, other_token, REGION);
    assert_eq!(describe(tampered).await, (400, "UnrecognizedClientException".into()));
    for session in aws.server.state().sessions.values_mut() {
        session.expires = aws.server.clock.now();
    }
    let over = sagemaker_as(&aws, session, REGION);
    assert_eq!(describe(over).await, (400, "ExpiredTokenException".into()));
}

#[tokio::test]
async fn sts_errors_have_their_shape() {
    let aws = start().await;
    let call = |assertion: &str| {
        sts(&aws)
            .assume_role_with_saml()
            .role_arn(ROLE)
            .principal_arn(PROVIDER)
            .saml_assertion(assertion)
            .send()
    };
    assert_eq!(code(call("abcd").await), (400, "InvalidIdentityToken".into()));
    let error = call("abcd").await.unwrap_err().into_service_error();
    assert!(error.is_invalid_identity_token_exception());
    let old = super::fixture::response_at("alice", now() - chrono::TimeDelta::seconds(361));
    let error = call(&signed(&old)).await.unwrap_err().into_service_error();
    assert!(error.is_expired_token_exception());
    assert_eq!(error.message(), Some("Token must be redeemed within 5 minutes of issuance"));
    assert!(call(&signed(&response("alice"))).await.is_ok());
}

#[tokio::test]
async fn the_caller_is_named_and_roles_are_assumed() {
    let mut world = world();
    world.roles.push(crate::demo::aws::Role {
        arn: "arn:aws:iam::111122223333:role/Provisioner".into(),
        trust_policy: json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::111122223333:role/Gateway"}}}),
        ..Default::default()
    });
    world.gateway_keys[0].policies.push(json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/*"}}));
    let aws = EmbeddedAws::start(world, Clock::system(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let client = sts(&aws);
    let identity = client.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::111122223333:role/Gateway"));
    let assume = |role: &str| client.assume_role().role_arn(role).role_session_name("gw").send();
    let output = assume("arn:aws:iam::111122223333:role/Provisioner").await.unwrap();
    let arn = output.assumed_role_user().unwrap().arn();
    assert_eq!(arn, "arn:aws:sts::111122223333:assumed-role/Provisioner/gw");
    assert_eq!(code(assume(ROLE).await), (403, "AccessDenied".into()));
}

/// One signed query call, for which there is no SDK here.
async fn iam(aws: &EmbeddedAws, query: &str, region: &str) -> (u16, String) {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    let identity = Credentials::new(KEY_ID, KEY_SECRET, None, None, "test").into();
    let params = aws_sigv4::sign::v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("iam")
        .time(aws.server.clock.now().into())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let body = format!("Version=2010-05-08&{query}");
    let url = format!("{}/", aws.url());
    let host = aws.url().trim_start_matches("http://").to_owned();
    let headers = [("host", host.as_str())].into_iter();
    let signable =
        SignableRequest::new("POST", url.clone(), headers, SignableBody::Bytes(body.as_bytes())).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    let mut request = reqwest::Client::new().post(url);
    for (name, value) in instructions.headers() {
        request = request.header(name, value);
    }
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn iam_shows_roles_and_providers_to_who_may_read_them() {
    let aws = start_now().await;
    let (status, xml) = iam(&aws, "Action=GetRole&RoleName=DataScientist", "us-east-1").await;
    assert_eq!(status, 200, "{xml}");
    assert_eq!(element(&xml, "Path"), "/team/");
    assert_eq!(element(&xml, "MaxSessionDuration"), "7200");
    assert!(element(&xml, "AssumeRolePolicyDocument").contains("AssumeRoleWithSAML"));
    let (status, xml) = iam(&aws, "Action=GetRole&RoleName=Nobody", "us-east-1").await;
    assert_eq!((status, element(&xml, "Code")), (404, "NoSuchEntity"));
    let (_, xml) = iam(&aws, "Action=ListSAMLProviders", "us-east-1").await;
    assert_eq!(element(&xml, "Arn"), PROVIDER);
    let (_, xml) =
        iam(&aws, &format!("Action=GetSAMLProvider&SAMLProviderArn={PROVIDER}"), "us-east-1").await;
    assert!(element(&xml, "SAMLMetadataDocument").contains("EntityDescriptor"));
    let (status, xml) = iam(&aws, "Action=DeleteRole&RoleName=DataScientist", "us-east-1").await;
    assert_eq!((status, element(&xml, "Code")), (400, "InvalidAction"));
    let (status, xml) = iam(&aws, "Action=ListSAMLProviders", REGION).await;
    assert_eq!((status, element(&xml, "Code")), (403, "SignatureDoesNotMatch"));
    aws.server.state().world.gateway_keys[0].policies.clear();
    for query in [
        "Action=ListSAMLProviders".to_owned(),
        "Action=GetRole&RoleName=DataScientist".to_owned(),
        format!("Action=GetSAMLProvider&SAMLProviderArn={PROVIDER}"),
    ] {
        let (status, xml) = iam(&aws, &query, "us-east-1").await;
        assert_eq!((status, element(&xml, "Code")), (403, "AccessDenied"), "{query}");
    }
}
