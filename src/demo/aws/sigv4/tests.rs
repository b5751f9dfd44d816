//! Requests signed by AWS's own signer, then changed.

use super::*;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::{HeaderName, HeaderValue};

const SECRET: &str = "secret";
const BODY: &[u8] = b"{\"DomainId\":\"d-abc\"}";

struct Signed {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn signed_at(at: DateTime<Utc>) -> Signed {
    let identity = Credentials::new("ASIAKEY", SECRET, Some("token".into()), None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("ap-northeast-2")
        .name("sagemaker")
        .time(at.into())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let fixed =
        [("host", "127.0.0.1:1234"), ("x-amz-target", "SageMaker.DescribeDomain"), ("user-agent", "a   b")];
    let request = SignableRequest::new(
        "POST",
        "http://127.0.0.1:1234/?b=2&a=1",
        fixed.into_iter(),
        SignableBody::Bytes(BODY),
    )
    .unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in fixed.into_iter().chain(instructions.headers()) {
        headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Signed { method: Method::POST, uri: "/?b=2&a=1".parse().unwrap(), headers, body: BODY.to_vec() }
}

fn check(signed: &Signed) -> Result<(), Refused> {
    let claim = claim(&signed.headers)?;
    let incoming =
        Incoming { method: &signed.method, uri: &signed.uri, headers: &signed.headers, body: &signed.body };
    verify(&claim, incoming, SECRET, "sagemaker", now())
}

fn mismatch(change: impl FnOnce(&mut Signed)) -> &'static str {
    let mut signed = signed_at(now());
    change(&mut signed);
    match check(&signed) {
        Err(Refused::Mismatch(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn set(signed: &mut Signed, name: &'static str, change: impl FnOnce(&str) -> String) {
    let text = change(signed.headers.get(name).map_or("", |v| v.to_str().unwrap()));
    signed.headers.insert(name, HeaderValue::from_str(&text).unwrap());
}

#[test]
fn what_aws_signs_is_accepted() {
    assert_eq!(check(&signed_at(now())), Ok(()));
    let claim = claim(&signed_at(now()).headers).unwrap();
    assert_eq!((claim.access_key_id.as_str(), claim.region.as_str()), ("ASIAKEY", "ap-northeast-2"));
    assert_eq!(claim.session_token.as_deref(), Some("token"));
}

#[test]
fn every_part_of_the_request_is_covered() {
    let calculated = "The request signature we calculated";
    assert!(mismatch(|s| s.body.push(b' ')).starts_with(calculated));
    assert!(mismatch(|s| s.method = Method::PUT).starts_with(calculated));
    assert!(mismatch(|s| s.uri = "/x?b=2&a=1".parse().unwrap()).starts_with(calculated));
    assert!(mismatch(|s| s.uri = "/?b=2&a=2".parse().unwrap()).starts_with(calculated));
    assert!(mismatch(|s| set(s, "host", |_| "127.0.0.1:1".into())).starts_with(calculated));
    assert!(
        mismatch(|s| set(s, "x-amz-target", |_| "SageMaker.DeleteDomain".into())).starts_with(calculated)
    );
    assert!(mismatch(|s| set(s, "x-amz-security-token", |_| "other".into())).starts_with(calculated));
    assert!(
        mismatch(|s| set(s, "authorization", |a| a.replace("ap-northeast-2", "eu-west-1")))
            .starts_with(calculated)
    );
}

#[test]
fn an_unsigned_amz_header_is_refused() {
    assert!(mismatch(|s| set(s, "x-amz-extra", |_| "1".into())).contains("must be signed"));
    assert!(mismatch(|s| set(s, "authorization", |a| a.replace("host;", ""))).contains("must be signed"));
}

#[test]
fn a_stated_body_hash_must_be_right() {
    let stated = mismatch(|s| {
        set(s, "x-amz-content-sha256", |_| "00".into());
        set(s, "authorization", |a| a.replace("host;", "host;x-amz-content-sha256;"));
    });
    assert!(stated.contains("hash"), "{stated}");
}

#[test]
fn the_date_is_near_and_agrees_with_the_scope() {
    for seconds in [-300, 300] {
        assert_eq!(check(&signed_at(now() + TimeDelta::seconds(seconds))), Ok(()));
    }
    for seconds in [-301, 301] {
        let result = check(&signed_at(now() + TimeDelta::seconds(seconds)));
        assert!(matches!(result, Err(Refused::Mismatch(why)) if why.starts_with("Signature expired")));
    }
    assert!(
        mismatch(|s| set(s, "authorization", |a| a.replace("/20260301/", "/20260228/"))).contains("scope")
    );
}

#[test]
fn the_scope_names_the_service() {
    let service = mismatch(|s| set(s, "authorization", |a| a.replace("/sagemaker/", "/sts/")));
    assert!(service.contains("correct service"), "{service}");
}

#[test]
fn the_header_must_be_there_and_whole() {
    let mut signed = signed_at(now());
    signed.headers.remove("authorization");
    assert_eq!(check(&signed), Err(Refused::Missing));
    for broken in ["Basic YTpi", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x"] {
        set(&mut signed, "authorization", |_| broken.into());
        assert_eq!(check(&signed), Err(Refused::Incomplete), "{broken}");
    }
}

#[test]
fn codes_follow_the_protocol() {
    let query = Protocol::Query("ns");
    for (refused, json_code, query_code) in [
        (Refused::Missing, "MissingAuthenticationTokenException", "MissingAuthenticationToken"),
        (Refused::Incomplete, "IncompleteSignatureException", "IncompleteSignature"),
        (Refused::UnknownKey, "UnrecognizedClientException", "InvalidClientTokenId"),
        (Refused::Expired, "ExpiredTokenException", "ExpiredToken"),
        (Refused::Mismatch("x"), "InvalidSignatureException", "SignatureDoesNotMatch"),
    ] {
        assert_eq!(refused.into_error(Protocol::Json).code, json_code);
        assert_eq!(refused.into_error(query).code, query_code);
    }
}
