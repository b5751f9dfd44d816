//! Signatures of a SAML response: all must verify with the provider's keys; which elements do they cover?
//!
//! The form of each signature is checked first, because the verifier follows whatever References and transforms it
//! is shown.

use super::super::fault::ApiError;
use super::metadata::Trust;
use bergshamra::dsig::verify::verify_all_document_with_source;
use bergshamra::{DsigContext, VerifyResult};
use uppsala::{Document, NodeId};

const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

const METHODS: [&str; 9] = [
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
];
const DIGESTS: [&str; 3] = [
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];
const CANONICALIZATIONS: [&str; 4] = [
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
];
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Verifies every signature of `document`, which was parsed from `xml`; answers which of `parents` they cover.
///
/// A signature anywhere else refuses the document, except directly inside `passed_over`.
pub(super) fn covered(
    document: &Document<'_>,
    xml: &str,
    parents: &[NodeId],
    passed_over: Option<NodeId>,
    trust: &Trust,
) -> Result<Vec<NodeId>, ApiError> {
    let signatures = document.get_elements_by_tag_name_ns(SIGNATURE, "Signature");
    let counts = |signature: &NodeId| passed_over.is_none() || document.parent(*signature) != passed_over;
    for signature in signatures.iter().filter(|s| counts(s)) {
        check_form(document, *signature, parents).ok_or_else(invalid)?;
    }
    if !signatures.iter().any(counts) {
        return Ok(Vec::new());
    }
    let context = DsigContext::new(trust.keys.clone());
    let results = verify_all_document_with_source(&context, document, Some(xml)).map_err(|_| invalid())?;
    if results.len() != signatures.len() {
        return Err(invalid());
    }
    let mut covered = Vec::new();
    for (signature, result) in signatures.iter().zip(&results).filter(|(s, _)| counts(s)) {
        let VerifyResult::Valid { signature_node, references, .. } = result else {
            return Err(invalid());
        };
        let [reference] = references.as_slice() else {
            return Err(invalid());
        };
        let parent =
            document.parent(*signature).filter(|_| signature_node == signature).ok_or_else(invalid)?;
        if !result.all_reference_digests_verified() || reference.resolved_node != Some(parent) {
            return Err(invalid());
        }
        covered.push(parent);
    }
    Ok(covered)
}

/// A signature directly inside one of `parents`, with one Reference to that very element and nothing unusual.
fn check_form(document: &Document<'_>, signature: NodeId, parents: &[NodeId]) -> Option<()> {
    let one = |parent, name| match document.child_elements_by_name_ns(parent, SIGNATURE, name).as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let algorithm = |id| document.get_attribute(id, "Algorithm");
    let among = |id, allowed: &[&str]| algorithm(id).is_some_and(|a| allowed.contains(&a)).then_some(());

    let parent = document.parent(signature).filter(|p| parents.contains(p))?;
    let signed_info = one(signature, "SignedInfo")?;
    among(one(signed_info, "CanonicalizationMethod")?, &CANONICALIZATIONS)?;
    among(one(signed_info, "SignatureMethod")?, &METHODS)?;
    let reference = one(signed_info, "Reference")?;
    let id = document.get_attribute(parent, "ID").filter(|id| !id.is_empty())?;
    document.get_attribute(reference, "URI").filter(|uri| uri.strip_prefix('#') == Some(id))?;
    among(one(reference, "DigestMethod")?, &DIGESTS)?;
    let transforms =
        document.child_elements_by_name_ns(one(reference, "Transforms")?, SIGNATURE, "Transform");
    let [first, rest @ ..] = transforms.as_slice() else {
        return None;
    };
    among(*first, &[ENVELOPED])?;
    match rest {
        [] => Some(()),
        [second] => among(*second, &CANONICALIZATIONS),
        _ => None,
    }
}

/// The one answer to whatever is wrong with signatures.
pub(super) fn invalid() -> ApiError {
    ApiError::identity_token("Response signature invalid")
}
