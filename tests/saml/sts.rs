//! The embedded STS beside the gateway. Whatever the gateway accepts goes on to STS, which has to accept it too and to
//! read the same person from it; and what the gateway does not trust, STS does not trust either. The two share no code
//! for verifying and reading, so that each catches the other's mistakes.

use crate::fixture::{ACS, Gateway, ROLE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use studio_gateway::demo::aws::{Role, SamlProvider, World, assume_role_with_saml};
use studio_gateway::saml::{Rejection, Rule, VerifiedAssertion};

/// Rules that STS has no part in: it does not know our requests and our URL (the trust policy knows the Recipient), and
/// what costs the gateway too much never reaches it.
const OURS_ALONE: [Rule; 4] = [Rule::InResponseTo, Rule::Destination, Rule::Limits, Rule::Encoding];

/// Both have to answer alike.
#[track_caller]
pub(crate) fn agrees(gateway: &Gateway, value: &str, answer: &Result<VerifiedAssertion, Rejection>) {
    match answer {
        Err(fault) if OURS_ALONE.contains(&fault.rule) => {}
        Err(fault) => {
            if let Ok(session) = assume(gateway, value) {
                panic!("STS accepts what is refused here: {fault}\n{session}\n{}", xml(value));
            }
        }
        Ok(verified) => match assume(gateway, value) {
            Ok(session) => same_person(&session, verified),
            Err((code, message)) => panic!("STS refuses: {code}: {message}\n{}", xml(value)),
        },
    }
}

/// What STS answers, as the gateway asks it.
fn assume(gateway: &Gateway, value: &str) -> Result<String, (String, String)> {
    let (role, provider) = ROLE.split_once(',').unwrap();
    let world = World {
        saml_providers: vec![SamlProvider {
            arn: provider.to_owned(),
            metadata_xml: metadata(gateway),
            decryption_key_pems: gateway.decryption.pems.clone(),
            cbc_without_response_signature: gateway.cbc_without_response_signature,
            ..SamlProvider::default()
        }],
        roles: vec![Role {
            arn: role.to_owned(),
            trust_policy: json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Federated": provider },
                    "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                    "Condition": { "StringEquals": { "SAML:aud": ACS } },
                }],
            }),
            ..Role::default()
        }],
        accepted_audiences: gateway.audiences.clone(),
        ..World::default()
    };
    assume_role_with_saml(&world, gateway.now, role, provider, value)
}

fn metadata(gateway: &Gateway) -> String {
    let keys: String = gateway
        .keys
        .certificates
        .iter()
        .map(|der| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
                 </md:KeyDescriptor>",
                STANDARD.encode(der)
            )
        })
        .collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
         </md:IDPSSODescriptor></md:EntityDescriptor>",
        gateway.idp
    )
}

#[track_caller]
fn same_person(session: &str, verified: &VerifiedAssertion) {
    let session = format!("<Session>{session}</Session>");
    let document = uppsala::parse(&session).unwrap();
    let text = |name: &str| {
        let found = document.get_elements_by_tag_name(name);
        assert_eq!(found.len(), 1, "{name} in {session}");
        document.text_content_deep(found[0])
    };
    assert_eq!(text("Subject"), verified.name_id().value);
    assert_eq!(text("Issuer"), verified.issuer());
    assert_eq!(text("Audience"), verified.recipient());
    assert_eq!(text("Arn"), "arn:aws:sts::111122223333:assumed-role/Studio/kim");
}

fn xml(value: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(value.as_bytes()).unwrap_or_default()).into_owned()
}
