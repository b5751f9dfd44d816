//! Where a sign-in begins anew when it has come too far to go on: at the gateway's own `/login`, with the IdP and the
//! destination that it had. An IdP that still knows the person answers within a moment.

use crate::sign_in::{Gateway, Record};

/// A way to begin anew.
pub(super) struct Renewal {
    /// Path and query.
    pub(super) location: String,
    /// Whether the IdP may answer without asking the person anything, so that a page may go there by itself.
    pub(super) silent: bool,
}

/// How a sign-in of this IdP, to this destination, begins anew; `None` if the IdP takes no requests.
pub(super) fn of(gateway: &Gateway, idp: &str, destination: Option<&str>) -> Option<Renewal> {
    let idp = gateway.idps.by_key(idp)?;
    idp.sso_location()?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("idp", &idp.settings.key);
    if let Some(destination) = destination {
        query.append_pair("to", destination);
    }
    let location = format!("/login?{}", query.finish());
    Some(Renewal { location, silent: !idp.settings.request.force_authn })
}

/// Where that is.
pub(super) fn location(gateway: &Gateway, idp: &str, destination: Option<&str>) -> Option<String> {
    of(gateway, idp, destination).map(|renewal| renewal.location)
}

/// The same, for what is known of a sign-in.
pub(super) fn of_record(gateway: &Gateway, record: &Record) -> Option<String> {
    location(gateway, &record.idp_key()?, record.destination_key().as_deref())
}
