//! The front door of all services: which service and operation, what the knobs say, who signed, then the operation.
//!
//! Whatever happens is written into the trail, without secrets.

use super::call::{Call, Form, Note};
use super::fault::{ApiError, Protocol};
use super::knobs::Effect;
use super::server::Server;
use super::sigv4::{self, Claim, Incoming, Refused};
use super::state::{Caller, State};
use super::trail::{Event, Outcome, RecordedCall};
use super::wire::Scissors;
use super::{dynamodb, event_sinks, iam, quotas, sagemaker, sts, token};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Where IAM is signed for, whatever region the caller is in.
const GLOBAL_REGION: &str = "us-east-1";

/// Content type of JSON 1.1.
const JSON: &str = "application/x-amz-json-1.1";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Sts,
    Iam,
    SageMaker,
    DynamoDb,
    Quotas,
    Logs,
    Firehose,
    Events,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::SageMaker => "sagemaker",
            Self::DynamoDb => "dynamodb",
            Self::Quotas => "servicequotas",
            Self::Logs => "logs",
            Self::Firehose => "firehose",
            Self::Events => "events",
        }
    }

    /// Whether a call may be carried out in part.
    fn takes_batches(self) -> bool {
        matches!(self, Self::Firehose | Self::Events)
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::Sts => Protocol::Query(sts::NAMESPACE),
            Self::Iam => Protocol::Query(iam::NAMESPACE),
            Self::SageMaker | Self::Quotas | Self::Logs | Self::Firehose | Self::Events => Protocol::Json,
            Self::DynamoDb => Protocol::Json10,
        }
    }
}

/// A request whose service and operation are known.
struct Request {
    service: Service,
    operation: String,
    parameters: Parameters,
}

enum Parameters {
    Json(Map<String, Value>),
    Form(Form),
}

/// `POST /`: every call of every service.
pub(super) async fn call(
    Shared(server): Shared<Arc<Server>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request_id = token::request_id().unwrap_or_default();
    let request = match Request::read(&headers, &body) {
        Ok(request) => request,
        Err((protocol, error)) => return protocol.error(&error, &request_id),
    };
    let api = format!("{}:{}", request.service.name(), request.operation);
    let fate = server.knobs.meet(&api);
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    let incoming = Incoming { method: &method, uri: &uri, headers: &headers, body: &body };
    let response = carry_out(&server, &request, api, fate.effect.as_ref(), incoming, &request_id);
    match fate.effect {
        Some(Effect::Reset | Effect::LoseAnswer) => scissors.cut(),
        Some(Effect::Hold | Effect::HoldAnswer) => std::future::pending().await,
        _ => {}
    }
    response
}

/// The answer of a call that meets this effect. The trail has it then.
fn carry_out(
    server: &Server,
    request: &Request,
    api: String,
    effect: Option<&Effect>,
    incoming: Incoming<'_>,
    request_id: &str,
) -> Response {
    let mut note = Note {
        principal: "anonymous".to_owned(),
        resource: String::new(),
        parameters: match request.service {
            // What is in them is kept beside the trail.
            Service::Logs | Service::Firehose | Service::Events => Value::Null,
            _ => request.parameters.shown(),
        },
    };
    let protocol = request.service.protocol();
    let now = server.clock.now();
    let mut state = server.state();
    let result = match effect {
        Some(Effect::Throttle) => Err(request.throttled()),
        Some(Effect::Fail { status, code }) => {
            Err(ApiError::new(*status, code.clone(), "This error was asked for."))
        }
        Some(Effect::Reset) => Err(ApiError::new(500, "ConnectionReset", "The connection was dropped.")),
        Some(Effect::Hold) => Err(ApiError::new(500, "Held", "This call is held.")),
        Some(Effect::LoseAnswer | Effect::HoldAnswer | Effect::Delay(_)) | None => {
            perform(&mut state, server, request, incoming, now, &mut note)
        }
    };
    state.trail.add(Event {
        at: now,
        api,
        principal: note.principal,
        resource: note.resource,
        outcome: result.as_ref().map_or_else(|e| Outcome::Error(e.code.to_string()), |_| Outcome::Ok),
        request_id: request_id.to_owned(),
        parameters: note.parameters,
    });
    if let Parameters::Json(input) = &request.parameters
        && matches!(request.service, Service::SageMaker | Service::DynamoDb)
    {
        let (status, response) = match &result {
            Ok(output) => (200, serde_json::from_str(output).unwrap_or_default()),
            Err(error) => (error.status, serde_json::json!({"__type": error.code, "Message": error.message})),
        };
        let operation = request.operation.clone();
        state.trail.record(RecordedCall {
            operation,
            status,
            request: Value::Object(input.clone()),
            response,
        });
    }
    let mut response = match result {
        Ok(body) => protocol.answer(200, body.replace("{request_id}", request_id), request_id),
        Err(error) => protocol.error(&error, request_id),
    };
    // The time of AWS is that of its clock.
    if let Ok(date) = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string().parse() {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Checks the signature and carries out the operation; answers the response body.
fn perform(
    state: &mut State,
    server: &Server,
    request: &Request,
    incoming: Incoming<'_>,
    now: DateTime<Utc>,
    note: &mut Note,
) -> Result<String, ApiError> {
    let mut call = Call {
        caller: Caller::default(),
        region: GLOBAL_REGION.to_owned(),
        now,
        pace: server.knobs.pace(),
        tells_missing: server.knobs.tells_missing(),
        refuses_one: request.service.takes_batches() && server.knobs.refuses_one(),
        url: server.url.clone(),
    };
    if !(request.service == Service::Sts && request.operation == "AssumeRoleWithSAML") {
        let identified = identify(state, request.service, incoming, now);
        let (caller, region) =
            identified.map_err(|refused| refused.into_error(request.service.protocol()))?;
        note.principal.clone_from(&caller.arn);
        call.caller = caller;
        call.region = region;
    }
    let operation = request.operation.as_str();
    match (&request.parameters, request.service) {
        (Parameters::Json(input), Service::DynamoDb) => {
            dynamodb::perform(state, operation, input, &call, note).map(|output| output.to_string())
        }
        (Parameters::Json(input), Service::Quotas) => {
            quotas::perform(state, operation, input, &call, note).map(|output| output.to_string())
        }
        (Parameters::Json(input), Service::Logs | Service::Firehose | Service::Events) => {
            event_sinks::perform(state, operation, input, &call, note).map(|output| output.to_string())
        }
        (Parameters::Json(input), _) => {
            sagemaker::perform(state, operation, input, &call, note).map(|output| output.to_string())
        }
        (Parameters::Form(form), Service::Iam) => iam::perform(state, operation, form, &call, note)
            .map(|xml| envelope(operation, iam::NAMESPACE, &xml)),
        (Parameters::Form(form), _) => sts::perform(state, operation, form, &call, note)
            .map(|xml| envelope(operation, sts::NAMESPACE, &xml)),
    }
}

/// Who signed the request, and for which region.
fn identify(
    state: &State,
    service: Service,
    incoming: Incoming<'_>,
    now: DateTime<Utc>,
) -> Result<(Caller, String), Refused> {
    let claim = sigv4::claim(incoming.headers)?;
    let (caller, secret) = credentials(state, &claim, now)?;
    sigv4::verify(&claim, incoming, secret, service.name(), now)?;
    let known = state.knows_region(&claim.region);
    let fits = match service {
        Service::SageMaker | Service::Quotas => known,
        Service::DynamoDb => state.world.tables.iter().any(|table| table.region == claim.region),
        Service::Sts => known || claim.region == GLOBAL_REGION,
        Service::Logs | Service::Firehose | Service::Events => {
            state.world.event_sinks.iter().any(|sink| sink.region == claim.region)
        }
        Service::Iam => claim.region == GLOBAL_REGION,
    };
    if !fits {
        return Err(Refused::Mismatch("Credential should be scoped to a valid region."));
    }
    Ok((caller, claim.region))
}

/// The principal and the secret of an access key, if the session token fits and the session lasts.
fn credentials<'a>(
    state: &'a State,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(Caller, &'a str), Refused> {
    if let Some(keys) = state.world.gateway_keys.iter().find(|k| k.access_key_id == claim.access_key_id) {
        if claim.session_token.is_some() {
            return Err(Refused::UnknownKey);
        }
        let role = state.role(&keys.principal_arn);
        let (of_role, boundary) = role.map(|role| state.permissions(role)).unwrap_or_default();
        let caller = Caller {
            arn: keys.principal_arn.clone(),
            user_id: keys.access_key_id.clone(),
            policies: keys.policies.iter().cloned().chain(of_role).collect(),
            boundary,
            ..Caller::default()
        };
        return Ok((caller, &keys.secret_access_key));
    }
    let session = state.sessions.get(&claim.access_key_id).ok_or(Refused::UnknownKey)?;
    if claim.session_token.as_ref() != Some(&session.session_token) {
        return Err(Refused::UnknownKey);
    }
    if now >= session.expires {
        return Err(Refused::Expired);
    }
    Ok((session.caller.clone(), &session.secret_access_key))
}

impl Request {
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, (Protocol, ApiError)> {
        let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
        if let Some(target) = text("x-amz-target") {
            let error = |code, message: &str| (Protocol::Json, ApiError::new(400, code, message));
            let (service, content_type, operation) = match target.split_once('.') {
                Some(("SageMaker", operation)) => (Service::SageMaker, JSON, operation),
                Some(("ServiceQuotasV20190624", operation)) => (Service::Quotas, JSON, operation),
                Some(("Logs_20140328", operation)) => (Service::Logs, JSON, operation),
                Some(("Firehose_20150804", operation)) => (Service::Firehose, JSON, operation),
                Some(("AWSEvents", operation)) => (Service::Events, JSON, operation),
                Some(("DynamoDB_20120810", operation)) => {
                    (Service::DynamoDb, "application/x-amz-json-1.0", operation)
                }
                _ => {
                    return Err(error("UnknownOperationException", "No such service speaks JSON here"));
                }
            };
            if text(header::CONTENT_TYPE.as_str()) != Some(content_type) {
                return Err(error("SerializationException", "The Content-Type is not the service's"));
            }
            let Ok(Value::Object(input)) = serde_json::from_slice(body) else {
                return Err(error("SerializationException", "The body is not a JSON object"));
            };
            let parameters = Parameters::Json(input);
            return Ok(Self { service, operation: operation.to_owned(), parameters });
        }
        let protocol = Protocol::Query(sts::NAMESPACE);
        let form = Form::parse(body).map_err(|error| (protocol, error))?;
        let service = match form.get("Version") {
            Some("2011-06-15") => Service::Sts,
            Some("2010-05-08") => Service::Iam,
            _ => return Err((protocol, ApiError::new(400, "NoSuchVersion", "Unknown Version"))),
        };
        let operation = form
            .get("Action")
            .ok_or_else(|| (protocol, ApiError::new(400, "MissingAction", "Action is missing")))?
            .to_owned();
        Ok(Self { service, operation, parameters: Parameters::Form(form) })
    }

    fn throttled(&self) -> ApiError {
        let code = match self.service {
            Service::Firehose => "ServiceUnavailableException",
            Service::Sts | Service::Iam => "Throttling",
            _ => "ThrottlingException",
        };
        ApiError::new(400, code, "Rate exceeded")
    }
}

impl Parameters {
    /// What the trail may show: a script is only its length.
    fn shown(&self) -> Value {
        match self {
            Self::Form(form) => form.shown(),
            Self::Json(input) => {
                let mut shown = input.clone();
                if let Some(Value::String(content)) = shown.get_mut("StudioLifecycleConfigContent") {
                    *content = format!("({} characters)", content.len());
                }
                Value::Object(shown)
            }
        }
    }
}

/// The result of a query operation in its envelope; the request id is filled in where it is known.
fn envelope(operation: &str, namespace: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{{request_id}}</RequestId></ResponseMetadata></{operation}Response>"
    )
}
