//! One account with one IdP, one federated role, one domain and two profiles.

use crate::demo::aws::call::{Call, Form, Note};
use crate::demo::aws::fault::ApiError;
use crate::demo::aws::knobs::{Knobs, Pace};
use crate::demo::aws::state::{Caller, State};
use crate::demo::aws::{Domain, Profile, Role, SamlProvider, StaticKeys, World, sagemaker, sts};
use crate::demo::idp::key::{KeyKind, SigningKey};
use crate::demo::idp::metadata::metadata_xml;
use crate::demo::idp::people::Person;
use crate::demo::idp::response::{Addressing, Response};
use crate::demo::idp::signature::Signed;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/corp";
pub(super) const ROLE: &str = "arn:aws:iam::111122223333:role/team/DataScientist";
pub(super) const EXECUTION_ROLE: &str = "arn:aws:iam::111122223333:role/StudioExecution";
pub(super) const IDP: &str = "https://idp.example.com/metadata";
pub(super) const ACS: &str = "https://studio.example.com/saml/acs";
pub(super) const REGION: &str = "ap-northeast-2";
pub(super) const DOMAIN: &str = "d-abcdefghijkl";
pub(super) const KEY_ID: &str = "AKIAGATEWAY000000000";
pub(super) const KEY_SECRET: &str = "gateway-secret";

/// The key of the registered IdP, and one of nobody.
pub(super) fn keys() -> &'static (SigningKey, SigningKey) {
    static KEYS: OnceLock<(SigningKey, SigningKey)> = OnceLock::new();
    KEYS.get_or_init(|| {
        let key = |name| SigningKey::generate(KeyKind::Rsa(2048), name).unwrap();
        (key("idp"), key("stranger"))
    })
}

pub(super) fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn trust_policy() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"SAML:aud": [ACS, "https://other.example.com/acs"], "SAML:iss": IDP}}}]})
}

pub(super) fn world() -> World {
    let presign = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": "sagemaker:CreatePresignedDomainUrl",
        "Resource": format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{DOMAIN}/*"),
        "Condition": {"StringEquals": {
            "sagemaker:ResourceTag/studiouserid": "${aws:PrincipalTag/studiouserid}"}}}]});
    let gateway = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sagemaker:*", "iam:Get*", "iam:List*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "sagemaker:CreatePresignedDomainUrl", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": EXECUTION_ROLE,
         "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}]});
    let profile = |name: &str, owner: &str| Profile {
        domain_id: DOMAIN.into(),
        name: name.into(),
        tags: tags(&[("studiouserid", owner)]),
        ..Profile::default()
    };
    World {
        saml_providers: vec![SamlProvider {
            arn: PROVIDER.into(),
            metadata_xml: metadata_xml(IDP, "https://idp.example.com/sso", &[&keys().0]).unwrap(),
            ..SamlProvider::default()
        }],
        roles: vec![
            Role {
                arn: ROLE.into(),
                trust_policy: trust_policy(),
                permission_policies: vec![presign],
                max_session_seconds: 7200,
                ..Role::default()
            },
            Role {
                arn: EXECUTION_ROLE.into(),
                trust_policy: json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}}),
                ..Role::default()
            },
        ],
        domains: vec![Domain {
            id: DOMAIN.into(),
            region: REGION.into(),
            account: ACCOUNT.into(),
            ..Domain::default()
        }],
        profiles: vec![profile("alice", "alice"), profile("bob", "bob")],
        gateway_keys: vec![StaticKeys {
            access_key_id: KEY_ID.into(),
            secret_access_key: KEY_SECRET.into(),
            principal_arn: format!("arn:aws:iam::{ACCOUNT}:role/Gateway"),
            policies: vec![gateway],
        }],
        ..World::default()
    }
}

pub(super) fn person(user: &str) -> Person {
    Person::new(user, user, user, &format!("{ROLE},{PROVIDER}"))
}

/// A response that STS accepts at [`now`], for AWS's audience.
pub(super) fn response(user: &str) -> Response {
    response_at(user, now())
}

pub(super) fn response_at(user: &str, at: DateTime<Utc>) -> Response {
    let addressing = Addressing {
        acs_url: ACS.into(),
        audiences: vec!["https://studio.example.com/saml/metadata".into(), "urn:amazon:webservices".into()],
        idp_entity_id: IDP.into(),
    };
    Response::valid(at, &addressing, &person(user))
}

pub(super) fn signed(response: &Response) -> String {
    Response::encode(&response.sign(&keys().0, Signed::Assertion).unwrap())
}

/// The state, and calls into it at a time of our choice.
pub(super) struct Bench {
    pub(super) state: State,
    pub(super) now: DateTime<Utc>,
    pub(super) knobs: Knobs,
    pub(super) note: Note,
}

impl Bench {
    pub(super) fn new(world: World) -> Self {
        let note = Note { principal: String::new(), resource: String::new(), parameters: Value::Null };
        Self { state: State::new(world, now()), now: now(), knobs: Knobs::default(), note }
    }

    pub(super) fn later(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
    }

    fn call(&self, caller: Caller) -> Call {
        let pace: Pace = self.knobs.pace();
        Call {
            caller,
            region: REGION.into(),
            now: self.now,
            pace,
            tells_missing: self.knobs.tells_missing(),
            refuses_one: false,
            url: "http://127.0.0.1:1".into(),
        }
    }

    /// `AssumeRoleWithSAML` with these parameters over the usual ones.
    pub(super) fn assume(&mut self, assertion: &str, more: &[(&str, &str)]) -> Result<String, ApiError> {
        let mut fields = vec![("RoleArn", ROLE), ("PrincipalArn", PROVIDER), ("SAMLAssertion", assertion)];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend_from_slice(more);
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = Form::parse(body.as_bytes()).unwrap();
        let call = self.call(Caller::default());
        sts::perform(&mut self.state, "AssumeRoleWithSAML", &form, &call, &mut self.note)
    }

    /// The caller that `AssumeRoleWithSAML` makes of this person.
    pub(super) fn federated(&mut self, user: &str, more: &[(&str, &str)]) -> Caller {
        self.state.sessions.clear();
        let assertion = signed(&response_at(user, self.now));
        self.assume(&assertion, more).unwrap();
        self.state.sessions.values().next().unwrap().caller.clone()
    }

    pub(super) fn gateway(&self) -> Caller {
        let keys = &self.state.world.gateway_keys[0];
        Caller { arn: keys.principal_arn.clone(), policies: keys.policies.clone(), ..Caller::default() }
    }

    pub(super) fn sagemaker(
        &mut self,
        caller: &Caller,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let call = self.call(caller.clone());
        sagemaker::perform(&mut self.state, operation, input.as_object().unwrap(), &call, &mut self.note)
    }

    /// As the gateway.
    pub(super) fn ours(&mut self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let gateway = self.gateway();
        self.sagemaker(&gateway, operation, input)
    }
}

/// The text of one XML element.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_default();
    rest.split_once(&format!("</{name}>")).unwrap_or_default().0
}
