//! An IdP that signs and a gateway that verifies, both at one fixed moment.

use crate::record::record;
use crate::sts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::{C14nMode, canonicalize_doc};
use bergshamra::xml::NodeSet;
use chrono::{DateTime, TimeDelta, Utc};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::{Addressing, Response};
use studio_gateway::demo::idp::signature::{Algorithms, Signed, sign_xml};
use studio_gateway::error::Code;
use studio_gateway::saml::{
    DecryptionKeys, EncodedResponse, Expected, Rejection, Rule, TrustedKeys, UnverifiedResponse,
    VerifiedAssertion,
};

pub(crate) const IDP: &str = "https://idp.example.com/metadata";
pub(crate) const ACS: &str = "https://studio.example.com/saml/acs";
pub(crate) const AUDIENCE: &str = "https://studio.example.com/saml/metadata";
pub(crate) const GROUP: &str = "데이터 <팀> & co";
pub(crate) const ROLE: &str =
    "arn:aws:iam::111122223333:role/Studio,arn:aws:iam::111122223333:saml-provider/idp";

pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

/// A key of that kind, made once for all tests.
pub(crate) fn key(kind: KeyKind) -> &'static SigningKey {
    static KEYS: OnceLock<Mutex<HashMap<String, &'static SigningKey>>> = OnceLock::new();
    let name = format!("{kind:?}");
    let keys = KEYS.get_or_init(Mutex::default);
    if let Some(key) = keys.lock().unwrap().get(&name) {
        return key;
    }
    let key = Box::leak(Box::new(SigningKey::generate(kind, "idp.test").unwrap()));
    keys.lock().unwrap().entry(name).or_insert(key)
}

/// The IdP's usual key.
pub(crate) fn rsa() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(KeyKind::Rsa(2048), "idp.test").unwrap())
}

/// Somebody else's key: an attacker's, or another IdP's.
pub(crate) fn other() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(KeyKind::Rsa(2048), "other.test").unwrap())
}

pub(crate) fn addressing() -> Addressing {
    Addressing {
        acs_url: ACS.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        idp_entity_id: IDP.to_owned(),
    }
}

/// A valid response for Kim, who has one role and one group.
pub(crate) fn response() -> Response {
    let mut kim = Person::new("kim", "김하늘", "kim", ROLE);
    kim.groups = vec![GROUP.to_owned()];
    Response::valid(now(), &addressing(), &kim)
}

pub(crate) fn signed(what: Signed) -> String {
    response().sign(rsa(), what).unwrap()
}

/// Signs a message that was changed as text. The IDs are those of `response`.
pub(crate) fn sign_text(xml: &str, response: &Response, what: Signed, algorithms: &Algorithms) -> String {
    let mut xml = xml.to_owned();
    if matches!(what, Signed::Assertion | Signed::Both) {
        xml = sign_xml(&xml, &response.assertion.id, rsa(), algorithms).unwrap();
    }
    if matches!(what, Signed::Response | Signed::Both) {
        xml = sign_xml(&xml, &response.id, rsa(), algorithms).unwrap();
    }
    xml
}

/// A response changed as text by `edit`, then signed in the usual way.
pub(crate) fn edited(what: Signed, edit: impl Fn(&str) -> String) -> String {
    let response = response();
    let before = response.to_xml();
    let after = edit(&before);
    assert_ne!(before, after, "the edit changes nothing");
    sign_text(&after, &response, what, &Algorithms::usual(rsa()))
}

/// Replaces the first occurrence, which has to be there.
pub(crate) fn swap(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "no {from:?} in {xml}");
    xml.replacen(from, to, 1)
}

/// Keys of the IdP, as the gateway holds them and as metadata carries them to STS.
pub(crate) struct Trust {
    pub(crate) keys: TrustedKeys,
    pub(crate) certificates: Vec<Vec<u8>>,
}

/// Our own keys, as the gateway holds them and as they were configured.
pub(crate) struct Decryption {
    pub(crate) keys: DecryptionKeys,
    pub(crate) pems: Vec<String>,
}

pub(crate) fn trust(keys: &[&SigningKey]) -> Trust {
    let certificates: Vec<_> = keys.iter().map(|key| key.certificate_der().unwrap()).collect();
    Trust { keys: TrustedKeys::from_certificates(&certificates).unwrap().0, certificates }
}

/// What the gateway expects of a message, each part open to change.
pub(crate) struct Gateway {
    pub(crate) keys: Trust,
    pub(crate) decryption: Decryption,
    pub(crate) idp: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) outstanding: Vec<String>,
    pub(crate) idp_initiated: bool,
    pub(crate) cbc_without_response_signature: bool,
    pub(crate) now: DateTime<Utc>,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        Self::trusting(&[rsa()])
    }

    pub(crate) fn trusting(keys: &[&SigningKey]) -> Self {
        Self {
            keys: trust(keys),
            decryption: Decryption { keys: DecryptionKeys::none(), pems: Vec::new() },
            idp: IDP.to_owned(),
            audiences: vec![AUDIENCE.to_owned()],
            outstanding: Vec::new(),
            idp_initiated: true,
            cbc_without_response_signature: false,
            now: now(),
        }
    }

    pub(crate) fn at(now: DateTime<Utc>) -> Self {
        Self { now, ..Self::new() }
    }

    #[track_caller]
    pub(crate) fn take(&self, xml: &str) -> Result<VerifiedAssertion, Rejection> {
        self.take_form(&Response::encode(xml))
    }

    /// What the gateway makes of a form value; the embedded STS has to agree.
    #[track_caller]
    pub(crate) fn take_form(&self, value: &str) -> Result<VerifiedAssertion, Rejection> {
        let answer = self.take_alone(value);
        record(self, value, &answer);
        sts::agrees(self, value, &answer);
        answer
    }

    /// The same without STS.
    pub(crate) fn take_alone(&self, value: &str) -> Result<VerifiedAssertion, Rejection> {
        let decoded = EncodedResponse::new(value.to_owned())?.decode()?;
        let unverified = UnverifiedResponse::parse(&decoded)?;
        if unverified.issuer() != self.idp {
            return Err(Rejection {
                rule: Rule::IssuerKnown,
                code: Code::AssertionRejected,
                detail: unverified.issuer().to_owned(),
            });
        }
        let expected = Expected {
            idp_entity_id: &self.idp,
            acs_url: ACS,
            audiences: &self.audiences,
            outstanding: &self.outstanding,
            idp_initiated: self.idp_initiated,
            skew: TimeDelta::seconds(60),
            cbc_without_response_signature: self.cbc_without_response_signature,
        };
        unverified.verify(&self.keys.keys, &self.decryption.keys, &expected, self.now)
    }

    /// Accepted, and Kim's values read in full.
    #[track_caller]
    pub(crate) fn accepts(&self, xml: &str) -> VerifiedAssertion {
        let verified = self.take(xml).unwrap_or_else(|fault| panic!("{fault}\n{xml}"));
        assert_eq!(verified.name_id().value, "kim");
        assert_eq!(verified.issuer(), IDP);
        assert_eq!(verified.recipient(), ACS);
        assert_eq!(values(&verified, "groups"), [GROUP]);
        assert_eq!(values(&verified, "https://aws.amazon.com/SAML/Attributes/Role"), [ROLE]);
        verified
    }

    #[track_caller]
    pub(crate) fn refuses(&self, xml: &str, rule: Rule) {
        self.refuses_with(xml, rule, Code::AssertionRejected);
    }

    #[track_caller]
    pub(crate) fn refuses_with(&self, xml: &str, rule: Rule, code: Code) {
        match self.take(xml) {
            Ok(verified) => panic!("accepted as {verified:?}\n{xml}"),
            Err(fault) => assert_eq!((fault.rule, fault.code), (rule, code), "{fault}\n{xml}"),
        }
    }
}

pub(crate) fn values<'a>(verified: &'a VerifiedAssertion, name: &str) -> Vec<&'a str> {
    verified
        .attributes()
        .iter()
        .filter(|attribute| attribute.name == name)
        .flat_map(|attribute| attribute.values.iter().map(String::as_str))
        .collect()
}

/// Computes the first SignatureValue once more, over a SignedInfo that was changed.
pub(crate) fn resigned(xml: &str, mode: C14nMode, key: &SigningKey) -> String {
    let bytes = {
        let document = uppsala::parse(xml).unwrap();
        let info = document.get_elements_by_tag_name("SignedInfo")[0];
        let nodes = NodeSet::tree_with_comments(info, &document);
        canonicalize_doc::<&str>(&document, mode, Some(&nodes), &[]).unwrap()
    };
    let key = PKey::private_key_from_pem(key.private_key_pem().unwrap().as_bytes()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    signer.update(&bytes).unwrap();
    let value = STANDARD.encode(signer.sign_to_vec().unwrap());
    let (before, rest) = xml.split_once("<ds:SignatureValue>").unwrap();
    let (_, after) = rest.split_once("</ds:SignatureValue>").unwrap();
    format!("{before}<ds:SignatureValue>{value}</ds:SignatureValue>{after}")
}
