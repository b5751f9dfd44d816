//! Errors as AWS words them: code, HTTP status and message, in JSON 1.1 or in query XML.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::borrow::Cow;

/// An error that a caller is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: Cow<'static, str>,
    pub(super) message: String,
    /// DynamoDB: the item that a condition ran into.
    pub(super) item: Option<Value>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), item: None }
    }

    /// STS: the assertion does not hold.
    pub(super) fn identity_token(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidIdentityToken", message)
    }

    /// STS: a trust policy or a Role attribute says no.
    pub(super) fn sts_denied(action: &str) -> Self {
        Self::new(403, "AccessDenied", format!("Not authorized to perform {action}"))
    }

    /// SageMaker: a request that its model or its rules forbid.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// SageMaker: `ResourceNotFound`.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(400, "ResourceNotFound", message)
    }

    /// SageMaker: `ResourceInUse`.
    pub(super) fn in_use(message: impl Into<String>) -> Self {
        Self::new(400, "ResourceInUse", message)
    }
}

/// How a service writes its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `application/x-amz-json-1.1`: SageMaker.
    Json,
    /// `application/x-amz-json-1.0`: DynamoDB.
    Json10,
    /// Form in, XML out: STS and IAM. Holds the XML namespace.
    Query(&'static str),
}

impl Protocol {
    /// The answer to an error.
    pub(super) fn error(self, error: &ApiError, request_id: &str) -> Response {
        let body = match self {
            Self::Json => json!({"__type": error.code, "Message": error.message}).to_string(),
            Self::Json10 => {
                let kind = format!("com.amazonaws.dynamodb.v20120810#{}", error.code);
                let mut body = json!({"__type": kind, "message": error.message});
                if let (Some(item), Value::Object(body)) = (&error.item, &mut body) {
                    body.insert("Item".to_owned(), item.clone());
                }
                body.to_string()
            }
            Self::Query(namespace) => format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>\
                 </Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                if error.status < 500 { "Sender" } else { "Receiver" },
                escape(&error.code),
                escape(&error.message),
            ),
        };
        self.answer(error.status, body, request_id)
    }

    /// An answer with this body.
    pub(super) fn answer(self, status: u16, body: String, request_id: &str) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = match self {
            Self::Json => "application/x-amz-json-1.1",
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Query(_) => "text/xml",
        };
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if let Ok(value) = HeaderValue::from_str(request_id) {
            response.headers_mut().insert("x-amzn-requestid", value);
        }
        response
    }
}

/// Text for XML content or for a quoted XML attribute.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}
