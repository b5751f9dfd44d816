//! What libxmlsec, through samael, says about a message, and what roxmltree reads from the bytes that were signed. Shares
//! no code with the gateway.

use crate::decryption::opened;
use crate::message::{Message, Values};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use samael::crypto::{CertificateDer, Crypto, CryptoError, CryptoProvider, ReduceMode};
use std::fmt;

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// RSASSA-PSS (RFC 6931, 2.3.10) came with libxmlsec 1.3.
const PSS: &str = "-rsa-MGF1\"";

/// A verdict about the signatures alone: times, audiences and the like are the gateway's own rules.
pub(crate) enum Judgement {
    /// There are signatures, and all of them are valid.
    Valid {
        /// How many.
        signatures: usize,
        /// What is in the signed bytes.
        signed: Signed,
    },
    /// A signature is not, or nothing is signed.
    Invalid,
    /// It names an algorithm that this libxmlsec does not have.
    UnknownAlgorithm,
    /// libxmlsec or the other parser cannot even read it, or it cannot be decrypted.
    Unreadable(String),
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid { signed, .. } => write!(f, "valid for {signed:?}"),
            Self::Invalid => f.write_str("invalid"),
            Self::UnknownAlgorithm => f.write_str("unknown algorithm"),
            Self::Unreadable(fault) => f.write_str(fault),
        }
    }
}

/// The assertion in signed bytes; none if there is not exactly one.
#[derive(Debug)]
pub(crate) struct Signed(Option<Values>);

impl Signed {
    pub(crate) fn is(&self, values: &Values) -> bool {
        self.0.as_ref() == Some(values)
    }
}

/// Verifies all signatures of a message, also of an assertion that is encrypted in it.
pub(crate) fn judge(message: &Message) -> Judgement {
    let judged = Judge::new(message).and_then(|judge| judge.message(&message.text()));
    judged.unwrap_or_else(|judgement| judgement)
}

struct Judge<'a> {
    certificates: Vec<CertificateDer>,
    decryption_keys: &'a [String],
}

impl<'a> Judge<'a> {
    fn new(message: &'a Message) -> Result<Self, Judgement> {
        let decode = |text: &String| STANDARD.decode(text).map(CertificateDer::from);
        let certificates = message.certificates.iter().map(decode).collect::<Result<_, _>>();
        Ok(Self {
            certificates: certificates.map_err(unreadable)?,
            decryption_keys: &message.decryption_keys,
        })
    }

    fn message(&self, text: &str) -> Result<Judgement, Judgement> {
        let outer = signatures(text)?;
        let around = if outer > 0 { Some(self.signed(text)?) } else { None };
        let (inner, signed) = if named(&parse(text)?, ASSERTION, "EncryptedAssertion").is_some() {
            self.encrypted(text, around)?
        } else {
            (0, around.ok_or(Judgement::Invalid)?)
        };
        let signed = self.values(&signed)?;
        Ok(Judgement::Valid { signatures: outer + inner, signed })
    }

    /// How many signatures there are in the encrypted assertion, and what is signed: by them, or else by that around it.
    fn encrypted(&self, text: &str, around: Option<String>) -> Result<(usize, String), Judgement> {
        // The signature around covers the ciphertext, and says nothing about what is put in its place.
        let bare = without_response_signature(text)?;
        let open = |text: &str| {
            let document = parse(text)?;
            let holder = named(&document, ASSERTION, "EncryptedAssertion").ok_or(Judgement::Invalid)?;
            opened(text, holder, self.decryption_keys).map_err(unreadable)
        };
        let (in_place, plain) = open(&bare)?;
        let inner = signatures(&in_place)?;
        if inner == 0 {
            around.ok_or(Judgement::Invalid)?;
            return Ok((0, in_place));
        }
        // Signed where it stands now, or as a document of its own.
        let signed = self.signed(&in_place).or_else(|verdict| self.signed(&plain).map_err(|_| verdict))?;
        Ok((inner, signed))
    }

    /// Verifies the one or two signatures of a text. The bytes that the last of them covers, as libxmlsec canonicalized
    /// them for the digest: the Assertion, if it has a signature of its own.
    fn signed(&self, text: &str) -> Result<String, Judgement> {
        if signatures(text)? < 2 {
            return self.with_any(text, |certificate| {
                Crypto::reduce_xml_to_signed(text, std::slice::from_ref(certificate), ReduceMode::PreDigest)
            });
        }
        // libxmlsec finds the first, which is that of the Response. They may be of different keys.
        self.with_any(text, |certificate| Crypto::verify_signed_xml(text, certificate, Some("ID")))?;
        let inner = without_response_signature(text)?;
        if signatures(&inner)? < 2 { self.signed(&inner) } else { Err(Judgement::Invalid) }
    }

    /// What the first certificate says that is not a no.
    fn with_any<T>(
        &self,
        text: &str,
        verify: impl Fn(&CertificateDer) -> Result<T, CryptoError>,
    ) -> Result<T, Judgement> {
        let mut faults = Vec::new();
        for certificate in &self.certificates {
            match verify(certificate) {
                Ok(done) => return Ok(done),
                Err(fault) => faults.push(fault),
            }
        }
        // A key of the wrong kind is an error, and says nothing where another key can be tried.
        let is_no = |fault: &CryptoError| matches!(fault, CryptoError::InvalidSignature);
        Err(match faults.pop() {
            None => Judgement::Invalid,
            Some(last) if is_no(&last) || faults.iter().any(is_no) => Judgement::Invalid,
            Some(_) if text.contains(PSS) => Judgement::UnknownAlgorithm,
            Some(other) => unreadable(format!("{other:?}")),
        })
    }

    fn values(&self, signed: &str) -> Result<Signed, Judgement> {
        let mut text = signed.to_owned();
        let holder = parse(&text).map(|document| named(&document, ASSERTION, "EncryptedID").is_some())?;
        if holder {
            let document = parse(signed)?;
            let holder = named(&document, ASSERTION, "EncryptedID").ok_or(Judgement::Invalid)?;
            text = opened(signed, holder, self.decryption_keys).map_err(unreadable)?.0;
        }
        let document = parse(&text)?;
        let Some(assertion) = named(&document, ASSERTION, "Assertion") else { return Ok(Signed(None)) };
        let name = named(&document, ASSERTION, "NameID");
        let text =
            name.map(|name| name.children().filter(Node::is_text).filter_map(|child| child.text()).collect());
        Ok(Signed(
            assertion.attribute("ID").zip(text).map(|(id, name)| Values { assertion: id.to_owned(), name }),
        ))
    }
}

fn parse(text: &str) -> Result<Document<'_>, Judgement> {
    Document::parse(text).map_err(unreadable)
}

/// The element of that name, if there is exactly one.
fn named<'a, 'd>(document: &'a Document<'d>, namespace: &str, name: &str) -> Option<Node<'a, 'd>> {
    let mut found = document.descendants().filter(|node| node.has_tag_name((namespace, name)));
    found.next().filter(|_| found.next().is_none())
}

fn signatures(text: &str) -> Result<usize, Judgement> {
    let document = parse(text)?;
    Ok(document.descendants().filter(|node| node.has_tag_name((DSIG, "Signature"))).count())
}

fn without_response_signature(text: &str) -> Result<String, Judgement> {
    let document = parse(text)?;
    let mut children = document.root_element().children();
    let Some(signature) = children.find(|node| node.has_tag_name((DSIG, "Signature"))) else {
        return Ok(text.to_owned());
    };
    let range = signature.range();
    Ok([&text[..range.start], &text[range.end..]].concat())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn unreadable(fault: impl ToString) -> Judgement {
    Judgement::Unreadable(fault.to_string())
}
