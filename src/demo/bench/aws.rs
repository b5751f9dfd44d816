//! An AWS that costs nothing: every call has one answer, made up without a look at who asks. It runs as a process of its
//! own, so that what it takes is not counted. Never part of what is tested: the embedded AWS checks, this one does not.

use super::site::{IDP, SUBJECT};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// Largest request: the longest message that STS takes, with every character of it encoded, and the rest.
const MOST: usize = 400_000;
/// Which API of a JSON protocol is called.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// How long STS, Describe and Presign take.
pub type Delays = [Duration; 3];

/// Answers on that listener until the process ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, delays: Delays) -> io::Result<()> {
    axum::serve(listener, Router::new().fallback(answer).with_state(delays)).await
}

async fn answer(State([sts, describe, presign]): State<Delays>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST).await else { return StatusCode::BAD_REQUEST.into_response() };
    let target = head.headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default();
    let json = |text: String| ([(header::CONTENT_TYPE, "application/x-amz-json-1.1")], text).into_response();
    match target.rsplit('.').next().unwrap_or_default() {
        "" => {
            wait(sts).await;
            ([(header::CONTENT_TYPE, "text/xml")], role_session(&recipient(&body))).into_response()
        }
        "DescribeUserProfile" => {
            wait(describe).await;
            let name = value(&body, "UserProfileName");
            json(format!(
                "{{\"UserProfileName\":\"{name}\",\"Status\":\"InService\",\"UserProfileArn\":\
                 \"arn:aws:sagemaker:ap-northeast-2:111122223333:user-profile/d-bench1234567/{name}\"}}"
            ))
        }
        // A profile is named after its owner here.
        "ListTags" => {
            let arn = value(&body, "ResourceArn");
            let owner = arn.rsplit('/').next().unwrap_or_default();
            json(format!("{{\"Tags\":[{{\"Key\":\"studiouserid\",\"Value\":\"{owner}\"}}]}}"))
        }
        "CreatePresignedDomainUrl" => {
            wait(presign).await;
            json("{\"AuthorizedUrl\":\"https://d-bench1234567.studio.ap-northeast-2.sagemaker.aws/auth?token=t\"}".into())
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

/// A text of a JSON object.
fn value(body: &[u8], name: &str) -> String {
    let object: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    object.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// Whom the assertion in a call of STS is for: this is compared by the gateway.
fn recipient(body: &[u8]) -> String {
    let assertion = form_urlencoded::parse(body).find(|(name, _)| name == "SAMLAssertion");
    let xml = assertion.and_then(|(_, value)| STANDARD.decode(&*value).ok());
    let xml = xml.and_then(|xml| String::from_utf8(xml).ok()).unwrap_or_default();
    let after = xml.split_once(" Recipient=\"").map_or("", |(_, after)| after);
    after.split('"').next().unwrap_or_default().to_owned()
}

fn role_session(recipient: &str) -> String {
    format!(
        "<AssumeRoleWithSAMLResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithSAMLResult>\
         <Credentials><AccessKeyId>ASIABENCHBENCHBENCHB</AccessKeyId><SecretAccessKey>none</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROABENCHBENCHBENCHB:bench</AssumedRoleId>\
         <Arn>arn:aws:sts::111122223333:assumed-role/Bench/bench</Arn></AssumedRoleUser>\
         <Subject>{SUBJECT}</Subject><SubjectType>persistent</SubjectType><Issuer>{IDP}</Issuer>\
         <Audience>{recipient}</Audience><NameQualifier>bench</NameQualifier></AssumeRoleWithSAMLResult>\
         <ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata></AssumeRoleWithSAMLResponse>",
        // About as long as a real one.
        token = "t".repeat(900)
    )
}
