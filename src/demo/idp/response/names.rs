//! Names that the protocol and AWS fix. Nothing else.

/// Attribute with a role ARN and a provider ARN, joined by a comma, in each value.
pub const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";
/// Attribute that names the role session.
pub const ROLE_SESSION_NAME: &str = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
/// Attribute with the longest role session, in seconds.
pub const SESSION_DURATION: &str = "https://aws.amazon.com/SAML/Attributes/SessionDuration";
/// Attribute that names the original user through role chains.
pub const SOURCE_IDENTITY: &str = "https://aws.amazon.com/SAML/Attributes/SourceIdentity";
/// Attribute that lists the tags which survive role chaining.
pub const TRANSITIVE_TAG_KEYS: &str = "https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys";
/// What the name of every session tag's attribute starts with.
pub const PRINCIPAL_TAG: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:";
/// Attribute with the session tag that Studio compares with the profile's owner tag.
pub const STUDIO_USER_ID: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:studiouserid";
/// Attribute that lists groups.
pub const GROUPS: &str = "groups";

/// Bearer confirmation (SAML profiles 3.3).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Persistent name identifier (SAML core 8.3.7).
pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// A name identifier of no particular format (SAML core 8.3.1).
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// Attribute names that are URIs (SAML core 8.2.2).
pub const NAME_FORMAT_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// Attribute names that are plain words (SAML core 8.2.3).
pub const NAME_FORMAT_BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
/// Password over TLS (SAML authentication contexts 3.4.9).
pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

/// Status of a response that carries an assertion (SAML core 3.2.2.2).
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The IdP could not do what was asked.
pub const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
/// Second-level status: the person could not be authenticated.
pub const AUTHN_FAILED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
