//! The form value, decoded, parsed and through the gate. There is an answer to everything.

use gateway::saml::{EncodedResponse, MAX_ENCODED, UnverifiedResponse};

pub(crate) fn run(input: &[u8]) {
    let value = String::from_utf8_lossy(input).into_owned();
    let Ok(encoded) = EncodedResponse::new(value.clone()) else {
        assert!(value.len() > MAX_ENCODED, "refused for its size, which is allowed");
        return;
    };
    assert_eq!(encoded.expose_for_sts(), value);
    let Ok(decoded) = encoded.decode() else { return };
    match UnverifiedResponse::parse(&decoded) {
        Ok(response) => assert!(response.issuer().len() <= value.len()),
        Err(fault) => assert!(fault.to_string().len() < 4_096, "a fault as long as a message"),
    }
}
