//! Encrypted assertions and names: every legal combination of algorithms and arrangements, and what must not work.

use crate::fixture::*;
use bergshamra::core::algorithm as uri;
use studio_gateway::demo::idp::encryption::{Encryption, encrypt_assertion};
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::response::Response;
use studio_gateway::demo::idp::signature::{Algorithms, Signed, sign_xml};
use studio_gateway::saml::{DecryptionKeys, Rule};

const ENCRYPTED: [Signed; 3] = [Signed::Response, Signed::Assertion, Signed::Both];

/// Our decryption key, as the SP metadata publishes its certificate.
fn ours() -> &'static SigningKey {
    key(KeyKind::Rsa(3072))
}

fn decryption(keys: &[&SigningKey]) -> Decryption {
    let pems: Vec<_> = keys.iter().map(|key| key.private_key_pem().unwrap()).collect();
    let keys = DecryptionKeys::from_pem(&pems.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    Decryption { keys, pems }
}

fn gateway() -> Gateway {
    Gateway { decryption: decryption(&[ours()]), ..Gateway::new() }
}

fn with(data: &str, transport: &str, digest: Option<&str>, mgf: Option<&str>) -> Encryption {
    Encryption {
        data_method: data.to_owned(),
        key_transport: transport.to_owned(),
        digest: digest.map(str::to_owned),
        mgf: mgf.map(str::to_owned),
    }
}

fn encrypted(what: Signed, encryption: &Encryption) -> String {
    let certificate = ours().certificate_pem().unwrap();
    response().sign_encrypted(rsa(), what, &certificate, encryption).unwrap()
}

/// An encrypted message that is changed as text before the Response is signed around it.
fn arranged(what: Signed, edit: impl Fn(&str) -> String) -> String {
    let response = response();
    let inside = if what == Signed::Response { Signed::Nothing } else { Signed::Assertion };
    let xml = response.sign(rsa(), inside).unwrap();
    let certificate = ours().certificate_pem().unwrap();
    let xml = edit(&encrypt_assertion(&xml, &certificate, &Encryption::usual()).unwrap());
    if what == Signed::Assertion {
        return xml;
    }
    sign_xml(&xml, &response.id, rsa(), &Algorithms::usual(rsa())).unwrap()
}

/// The piece of `xml` from `start` to the end of `end`.
fn piece<'a>(xml: &'a str, start: &str, end: &str) -> &'a str {
    let from = xml.find(start).unwrap();
    let to = xml[from..].find(end).unwrap() + from + end.len();
    &xml[from..to]
}

fn encrypted_key(xml: &str) -> &str {
    piece(xml, "<xenc:EncryptedKey>", "</xenc:EncryptedKey>")
}

const GCM: [&str; 3] = [uri::AES128_GCM, uri::AES192_GCM, uri::AES256_GCM];
const CBC: [&str; 3] = [uri::AES128_CBC, uri::AES192_CBC, uri::AES256_CBC];

#[test]
fn every_gcm_cipher_in_every_arrangement_of_signatures() {
    for data in GCM {
        for what in ENCRYPTED {
            let xml = encrypted(what, &with(data, uri::RSA_OAEP, None, None));
            assert!(!xml.contains("AttributeStatement"));
            gateway().accepts(&xml);
        }
    }
}

#[test]
fn every_cbc_cipher_inside_a_signed_response() {
    for data in CBC {
        for what in [Signed::Response, Signed::Both] {
            gateway().accepts(&encrypted(what, &with(data, uri::RSA_OAEP, None, None)));
        }
    }
}

#[test]
fn cbc_that_no_response_signature_covers_is_refused_unless_allowed() {
    for data in CBC {
        let xml = encrypted(Signed::Assertion, &with(data, uri::RSA_OAEP, None, None));
        gateway().refuses(&xml, Rule::Decryption);
        let mut lenient = gateway();
        lenient.cbc_without_response_signature = true;
        lenient.accepts(&xml);
    }
}

#[test]
fn every_digest_with_every_mask() {
    let digests = [uri::SHA1, uri::SHA256, uri::SHA384, uri::SHA512];
    let masks =
        [None, Some(uri::MGF1_SHA1), Some(uri::MGF1_SHA256), Some(uri::MGF1_SHA384), Some(uri::MGF1_SHA512)];
    for digest in [None].into_iter().chain(digests.map(Some)) {
        for mask in masks {
            let encryption = with(uri::AES256_GCM, uri::RSA_OAEP_ENC11, digest, mask);
            gateway().accepts(&encrypted(Signed::Assertion, &encryption));
        }
        let encryption = with(uri::AES128_GCM, uri::RSA_OAEP, digest, None);
        gateway().accepts(&encrypted(Signed::Response, &encryption));
    }
}

#[test]
fn an_oaep_label() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use openssl::encrypt::{Decrypter, Encrypter};
    use openssl::pkey::PKey;
    use openssl::rsa::Padding;
    let pem = ours().private_key_pem().unwrap();
    let private = PKey::private_key_from_pem(pem.as_bytes()).unwrap();
    let relabel = |wrapped: &str| {
        let mut decrypter = Decrypter::new(&private).unwrap();
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        let mut plain = vec![0; 1024];
        let length = decrypter.decrypt(&STANDARD.decode(wrapped).unwrap(), &mut plain).unwrap();
        let mut encrypter = Encrypter::new(&private).unwrap();
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        encrypter.set_rsa_oaep_label(b"label").unwrap();
        let mut out = vec![0; 1024];
        let length = encrypter.encrypt(&plain[..length], &mut out).unwrap();
        STANDARD.encode(&out[..length])
    };
    let xml = encrypted(Signed::Assertion, &with(uri::AES256_GCM, uri::RSA_OAEP, None, None));
    let value = piece(encrypted_key(&xml), "<xenc:CipherValue>", "</xenc:CipherValue>");
    let wrapped = &value["<xenc:CipherValue>".len()..value.len() - "</xenc:CipherValue>".len()];
    let labelled = xml.replace(wrapped, &relabel(wrapped));
    gateway().refuses(&labelled, Rule::Decryption);
    let method = format!("<xenc:EncryptionMethod Algorithm=\"{}\">", uri::RSA_OAEP);
    let label = format!("{method}<xenc:OAEPparams>{}</xenc:OAEPparams>", STANDARD.encode("label"));
    gateway().accepts(&swap(&labelled, &method, &label));
}

#[test]
fn the_key_beside_the_data() {
    for what in ENCRYPTED {
        for key_info in [
            "",
            "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:RetrievalMethod \
             Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#_k\"/></ds:KeyInfo>",
        ] {
            let xml = arranged(what, |xml| {
                let key = swap(
                    encrypted_key(xml),
                    "<xenc:EncryptedKey>",
                    "<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
                     xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"_k\" Recipient=\"sp\">",
                );
                let xml = xml.replace(piece(xml, "<ds:KeyInfo", "</ds:KeyInfo>"), key_info);
                swap(&xml, "</saml:EncryptedAssertion>", &format!("\n  {key}\n</saml:EncryptedAssertion>"))
            });
            gateway().accepts(&xml);
        }
    }
}

#[test]
fn wrapped_cipher_values_and_white_space_around() {
    for what in ENCRYPTED {
        let xml = arranged(what, |xml| {
            xml.replace("<xenc:CipherValue>", "<xenc:CipherValue>\n&#13;\n  ")
                .replace("</xenc:CipherValue>", "\r\n</xenc:CipherValue>")
                .replace("<xenc:EncryptedData", "\n<!-- for you -->\n<xenc:EncryptedData")
        });
        gateway().accepts(&xml);
    }
}

#[test]
fn several_keys_for_several_recipients() {
    let foreign = |count: usize| {
        let certificate = other().certificate_pem().unwrap();
        let xml = encrypt_assertion(&response().to_xml(), &certificate, &Encryption::usual()).unwrap();
        encrypted_key(&xml).repeat(count)
    };
    let among = |before: usize| {
        arranged(Signed::Both, |xml| {
            swap(xml, "<xenc:EncryptedKey>", &format!("{}<xenc:EncryptedKey>", foreign(before)))
        })
    };
    gateway().accepts(&among(1));
    gateway().accepts(&among(3));
    // The fifth is not tried, and floods are not even counted.
    gateway().refuses(&among(4), Rule::Decryption);
    gateway().refuses(&among(16), Rule::Decryption);
    gateway().refuses(
        &arranged(Signed::Assertion, |xml| {
            let flood = foreign(1).repeat(60);
            swap(xml, "<xenc:EncryptedKey>", &format!("{flood}<xenc:EncryptedKey>"))
        }),
        Rule::Decryption,
    );
}

#[test]
fn a_rollover_of_decryption_keys() {
    let xml = encrypted(Signed::Both, &Encryption::usual());
    for keys in [[ours(), other()], [other(), ours()]] {
        let mut gateway = gateway();
        gateway.decryption = decryption(&keys);
        gateway.accepts(&xml);
    }
}

#[test]
fn signed_in_the_context_of_the_message_or_alone() {
    let certificate = ours().certificate_pem().unwrap();
    for c14n in [uri::EXC_C14N, uri::C14N, uri::C14N11] {
        let mut algorithms = Algorithms::usual(rsa());
        c14n.clone_into(&mut algorithms.c14n_method);
        let response = response();
        let plain = response.to_xml();
        // In the message.
        let signed = sign_xml(&plain, &response.assertion.id, rsa(), &algorithms).unwrap();
        let xml = encrypt_assertion(&signed, &certificate, &Encryption::usual()).unwrap();
        gateway().accepts(&xml);
        // Alone, and then put into the message.
        let assertion = piece(&plain, "<saml:Assertion", "</saml:Assertion>");
        let alone = sign_xml(assertion, &response.assertion.id, rsa(), &algorithms).unwrap();
        let xml = plain.replace(assertion, &alone);
        let xml = encrypt_assertion(&xml, &certificate, &Encryption::usual()).unwrap();
        gateway().accepts(&xml);
    }
}

#[test]
fn prefixes_of_the_plaintext_that_are_declared_outside() {
    let certificate = ours().certificate_pem().unwrap();
    for c14n in [uri::EXC_C14N, uri::C14N, uri::C14N11] {
        for what in ENCRYPTED {
            let mut algorithms = Algorithms::usual(rsa());
            c14n.clone_into(&mut algorithms.c14n_method);
            let response = response();
            let declared = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                            xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
                            xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ";
            let xml = swap(&response.to_xml(), declared, "");
            let xml = swap(
                &xml,
                "<samlp:Response ",
                "<samlp:Response xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ",
            );
            let inside = if what == Signed::Response { Signed::Nothing } else { Signed::Assertion };
            let xml = sign_text(&xml, &response, inside, &algorithms);
            let xml = encrypt_assertion(&xml, &certificate, &Encryption::usual()).unwrap();
            let outside = if what == Signed::Assertion { Signed::Nothing } else { Signed::Response };
            gateway().accepts(&sign_text(&xml, &response, outside, &algorithms));
        }
    }
}

/// A response whose NameID is encrypted, signed afterwards.
fn encrypted_name(plain: &str, encryption: &Encryption, what: Signed) -> String {
    let response = response();
    let xml = response.to_xml();
    let data = encrypted_data(plain, encryption);
    let name = piece(&xml, "<saml:NameID", "</saml:NameID>");
    let xml = xml.replace(name, &format!("<saml:EncryptedID>{data}</saml:EncryptedID>"));
    sign_text(&xml, &response, what, &Algorithms::usual(rsa()))
}

/// EncryptedData with `plain` in it, which may be any text.
fn encrypted_data(plain: &str, encryption: &Encryption) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use openssl::symm::{Cipher, encrypt, encrypt_aead};
    let key = [7_u8; 32];
    let data = if encryption.data_method == uri::AES256_GCM {
        let mut tag = [0; 16];
        let mut data = vec![1; 12];
        data.extend(
            encrypt_aead(Cipher::aes_256_gcm(), &key, Some(&[1; 12]), &[], plain.as_bytes(), &mut tag)
                .unwrap(),
        );
        data.extend(tag);
        data
    } else {
        let mut data = vec![1; 16];
        data.extend(encrypt(Cipher::aes_256_cbc(), &key, Some(&[1; 16]), plain.as_bytes()).unwrap());
        data
    };
    let pem = ours().private_key_pem().unwrap();
    let public = openssl::pkey::PKey::private_key_from_pem(pem.as_bytes()).unwrap();
    let mut encrypter = openssl::encrypt::Encrypter::new(&public).unwrap();
    encrypter.set_rsa_padding(openssl::rsa::Padding::PKCS1_OAEP).unwrap();
    let mut wrapped = vec![0; 1024];
    let length = encrypter.encrypt(&key, &mut wrapped).unwrap();
    format!(
        "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
         <xenc:EncryptionMethod Algorithm=\"{}\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"{}\"/><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>",
        encryption.data_method,
        uri::RSA_OAEP,
        STANDARD.encode(&wrapped[..length]),
        STANDARD.encode(data)
    )
}

const NAME: &str = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                    Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">kim</saml:NameID>";

#[test]
fn an_encrypted_name() {
    for what in ENCRYPTED {
        for data in [uri::AES256_GCM, uri::AES256_CBC] {
            let xml = encrypted_name(NAME, &with(data, uri::RSA_OAEP, None, None), what);
            assert!(!xml.contains("NameID"));
            gateway().accepts(&xml);
            Gateway::new().refuses(&xml, Rule::Decryption);
        }
    }
    // Also inside an encrypted assertion.
    let xml = encrypted_name(NAME, &Encryption::usual(), Signed::Assertion);
    let certificate = ours().certificate_pem().unwrap();
    gateway().accepts(&encrypt_assertion(&xml, &certificate, &Encryption::usual()).unwrap());
}

#[test]
fn an_encrypted_name_that_is_something_else() {
    let declared = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
    for plain in [
        String::new(),
        "kim".to_owned(),
        "<saml:NameID>kim".to_owned(),
        format!("{NAME}{NAME}"),
        format!("{NAME} and more"),
        format!("{NAME}</saml:EncryptedID><saml:EncryptedID>{NAME}"),
        format!("{NAME}</saml:EncryptedID>{NAME}<saml:EncryptedID>{NAME}"),
        format!("<saml:BaseID {declared}/>"),
        format!("<saml:EncryptedID {declared}/>"),
        format!("<saml:Assertion {declared}/>"),
        "<!DOCTYPE a>".to_owned(),
        "<NameID>kim</NameID>".to_owned(),
    ] {
        let xml = encrypted_name(&plain, &Encryption::usual(), Signed::Assertion);
        let fault = gateway().take(&xml).expect_err(&plain);
        assert_eq!(fault.code.name(), "assertion.rejected", "{plain}: {fault}");
    }
}

#[test]
fn an_unsigned_encrypted_assertion() {
    for encryption in [Encryption::usual(), with(uri::AES128_CBC, uri::RSA_OAEP, None, None)] {
        let mut lenient = gateway();
        lenient.cbc_without_response_signature = true;
        lenient.refuses(&encrypted(Signed::Nothing, &encryption), Rule::SignaturePresent);
    }
}

#[test]
fn an_unsigned_encrypted_assertion_in_the_place_of_a_signed_one() {
    let mut admin = response();
    admin.assertion.name_id.as_mut().unwrap().value = "admin".to_owned();
    let forged =
        encrypt_assertion(&admin.to_xml(), &ours().certificate_pem().unwrap(), &Encryption::usual()).unwrap();
    let forged = piece(&forged, "<saml:EncryptedAssertion", "</saml:EncryptedAssertion>");
    for what in [Signed::Response, Signed::Both] {
        let xml = signed(what);
        let genuine = piece(&xml, "<saml:Assertion", "</saml:Assertion>");
        gateway().refuses(&xml.replace(genuine, forged), Rule::Signature);
        gateway().refuses(&xml.replace(genuine, &format!("{genuine}{forged}")), Rule::Structure);
        let sealed = encrypted(what, &Encryption::usual());
        let genuine = piece(&sealed, "<saml:EncryptedAssertion", "</saml:EncryptedAssertion>");
        gateway().refuses(&sealed.replace(genuine, forged), Rule::Signature);
        gateway().refuses(&sealed.replace(genuine, &format!("{forged}{genuine}")), Rule::Structure);
    }
    let xml = signed(Signed::Assertion);
    let genuine = piece(&xml, "<saml:Assertion", "</saml:Assertion>");
    gateway().refuses(&xml.replace(genuine, forged), Rule::SignaturePresent);
}

#[test]
fn a_ciphertext_from_another_message() {
    let (mine, theirs) =
        (encrypted(Signed::Both, &Encryption::usual()), encrypted(Signed::Both, &Encryption::usual()));
    let (mine, theirs) = (mine.as_str(), theirs.as_str());
    let (start, end) = ("<xenc:EncryptedData", "</xenc:EncryptedData>");
    let swapped = mine.replace(piece(mine, start, end), piece(theirs, start, end));
    gateway().refuses(&swapped, Rule::Signature);
    // Without a Response signature, key and data have to belong together all the same.
    let (mine, theirs) = (
        encrypted(Signed::Assertion, &Encryption::usual()),
        encrypted(Signed::Assertion, &Encryption::usual()),
    );
    let mixed = mine.replace(encrypted_key(&mine), encrypted_key(&theirs));
    gateway().refuses(&mixed, Rule::Decryption);
}

#[test]
fn a_wrong_key_or_none() {
    for what in ENCRYPTED {
        let xml = encrypted(what, &Encryption::usual());
        Gateway::new().refuses(&xml, Rule::Decryption);
        let mut wrong = gateway();
        wrong.decryption = decryption(&[other()]);
        wrong.refuses(&xml, Rule::Decryption);
    }
}

/// Flips bits of a base64 value, keeping it base64.
fn flipped(xml: &str, value: &str, index: usize) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut bytes = STANDARD.decode(value).unwrap();
    let index = index % bytes.len();
    bytes[index] ^= 0x41;
    xml.replace(value, &STANDARD.encode(bytes))
}

fn cipher_values(xml: &str) -> Vec<&str> {
    xml.split("<xenc:CipherValue>").skip(1).map(|rest| rest.split_once('<').unwrap().0).collect()
}

#[test]
fn every_fault_of_a_ciphertext_has_one_answer() {
    let mut lenient = gateway();
    lenient.cbc_without_response_signature = true;
    for encryption in
        [with(uri::AES256_GCM, uri::RSA_OAEP, None, None), with(uri::AES256_CBC, uri::RSA_OAEP, None, None)]
    {
        let xml = encrypted(Signed::Assertion, &encryption);
        let mut answers = std::collections::BTreeSet::new();
        for value in cipher_values(&xml) {
            for index in [0, 1, 15, 16, 40, 1000, 2001, usize::MAX] {
                let fault = lenient.take(&flipped(&xml, value, index)).unwrap_err();
                assert_eq!(fault.code.name(), "assertion.rejected");
                if encryption.data_method == uri::AES256_GCM {
                    answers.insert(fault.to_string());
                }
            }
        }
        assert!(answers.len() <= 1, "{answers:?}");
    }
    // Padding, UTF-8, XML, structure: what a ciphertext without authentication may turn into.
    let mut answers = std::collections::BTreeSet::new();
    let xml = encrypted(Signed::Assertion, &with(uri::AES256_CBC, uri::RSA_OAEP, None, None));
    let data = cipher_values(&xml)[1];
    for index in 0..64 {
        let fault = lenient.take(&flipped(&xml, data, index * 61)).unwrap_err();
        answers.insert(fault.to_string());
    }
    let tail = flipped(&xml, data, usize::MAX);
    answers.insert(lenient.take(&tail).unwrap_err().to_string());
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn a_changed_ciphertext_inside_a_signed_response_is_not_decrypted() {
    for data in [uri::AES256_GCM, uri::AES256_CBC] {
        let xml = encrypted(Signed::Response, &with(data, uri::RSA_OAEP, None, None));
        for value in cipher_values(&xml) {
            gateway().refuses(&flipped(&xml, value, 33), Rule::Signature);
        }
    }
}

#[test]
fn algorithms_that_are_not_allowed() {
    for encryption in [
        with(uri::TRIPLEDES_CBC, uri::RSA_OAEP, None, None),
        with(uri::AES256_GCM, uri::RSA_PKCS1, None, None),
    ] {
        for what in ENCRYPTED {
            gateway().refuses(&encrypted(what, &encryption), Rule::Decryption);
        }
    }
    for (from, to) in [
        (uri::RSA_OAEP_ENC11, uri::RSA_OAEP),
        (uri::RSA_OAEP_ENC11, ""),
        (uri::RSA_OAEP_ENC11, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
        (uri::SHA256, uri::MD5),
        (uri::MGF1_SHA256, "urn:x"),
        (uri::AES256_GCM, uri::AES128_GCM),
        (uri::AES256_GCM, uri::AES256_CBC),
        (uri::AES256_GCM, "urn:none"),
        (
            "Type=\"http://www.w3.org/2001/04/xmlenc#Element",
            "Type=\"http://www.w3.org/2001/04/xmlenc#Content",
        ),
    ] {
        let xml = arranged(Signed::Both, |xml| swap(xml, from, to));
        gateway().refuses(&xml, Rule::Decryption);
    }
}

#[test]
fn references_to_ciphertexts_elsewhere() {
    for uri in ["https://evil.example.com/x", "file:///etc/passwd", "#_x", ""] {
        let reference = format!("<xenc:CipherReference URI=\"{uri}\"/>");
        for what in ENCRYPTED {
            let xml = arranged(what, |xml| {
                let value = piece(xml, "<xenc:CipherValue>", "</xenc:CipherValue>");
                xml.replace(value, &reference)
            });
            gateway().refuses(&xml, Rule::Decryption);
        }
    }
}

type Edit = Box<dyn Fn(&str) -> String>;

#[test]
fn oddly_built_envelopes() {
    let data = |xml: &str| piece(xml, "<xenc:EncryptedData", "</xenc:EncryptedData>").to_owned();
    let edits: Vec<Edit> = vec![
        Box::new(move |xml| xml.replace(&data(xml), "")),
        Box::new(move |xml| xml.replace(&data(xml), &data(xml).repeat(2))),
        Box::new(|xml| swap(xml, encrypted_key(xml), "")),
        Box::new(|xml| swap(xml, "<xenc:EncryptedData", "<x:y xmlns:x=\"urn:x\"/><xenc:EncryptedData")),
        Box::new(|xml| {
            xml.replace("<xenc:CipherValue>", "<xenc:CipherValue>AAAA</xenc:CipherValue><xenc:CipherValue>")
        }),
        Box::new(|xml| xml.replace("<xenc:CipherValue>", "<xenc:CipherValue>!")),
        Box::new(|xml| xml.replace("<xenc:CipherValue>", "<xenc:CipherValue><x/>")),
        Box::new(|xml| {
            let method = piece(xml, "<xenc:EncryptionMethod", "/>");
            swap(xml, method, &method.repeat(2))
        }),
    ];
    for (number, edit) in edits.iter().enumerate() {
        let fault = gateway().take(&arranged(Signed::Both, edit)).expect_err(&number.to_string());
        assert_eq!(fault.rule, Rule::Decryption, "{number}: {fault}");
    }
}

/// A response with an EncryptedAssertion that holds any text.
fn holding(plain: &str, what: Signed) -> String {
    let response: Response = response();
    let xml = response.to_xml();
    let assertion = piece(&xml, "<saml:Assertion", "</saml:Assertion>");
    let data = encrypted_data(plain, &Encryption::usual());
    let xml = xml.replace(assertion, &format!("<saml:EncryptedAssertion>{data}</saml:EncryptedAssertion>"));
    sign_text(&xml, &response, what, &Algorithms::usual(rsa()))
}

#[test]
fn plaintexts_that_are_not_one_assertion() {
    let signed_message = signed(Signed::Assertion);
    let good = piece(&signed_message, "<saml:Assertion", "</saml:Assertion>");
    let unsigned_message = response().to_xml();
    let evil = piece(&unsigned_message, "<saml:Assertion", "</saml:Assertion>");
    for what in [Signed::Nothing, Signed::Response] {
        gateway().accepts(&holding(good, what));
        gateway().accepts(&holding(&format!("\n{good}\n"), what));
        for plain in [
            String::new(),
            "text".to_owned(),
            format!("{good}{evil}"),
            format!("{evil}{good}"),
            format!("{good}<!-- -->"),
            format!("text{good}"),
            format!("{good}</saml:EncryptedAssertion>{evil}<saml:EncryptedAssertion>{good}"),
            format!("{good}</saml:EncryptedAssertion><saml:EncryptedAssertion>"),
            format!("</saml:EncryptedAssertion>{good}<saml:EncryptedAssertion>"),
            format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{good}"),
            format!("<?pi?>{good}"),
            format!("<saml:EncryptedAssertion>{good}</saml:EncryptedAssertion>"),
            format!("<samlp:Response>{good}</samlp:Response>"),
            holding(good, Signed::Nothing),
            format!(
                "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{}</saml:EncryptedAssertion>",
                encrypted_data(good, &Encryption::usual())
            ),
            encrypted_data(good, &Encryption::usual()),
            swap(good, "<saml:Conditions", &format!("<saml:Advice>{evil}</saml:Advice><saml:Conditions")),
        ] {
            let fault = gateway().take(&holding(&plain, what)).expect_err(&plain);
            assert_eq!(fault.code.name(), "assertion.rejected", "{plain}: {fault}");
        }
    }
    // An assertion that nobody signed counts only where the Response is signed around it.
    gateway().accepts(&holding(evil, Signed::Response));
    gateway().refuses(&holding(evil, Signed::Nothing), Rule::SignaturePresent);
    // A bad signature inside is not made good by the one around it.
    let forged = good.replace(">kim<", ">admin<");
    gateway().refuses(&holding(&forged, Signed::Response), Rule::Signature);
    gateway().refuses(&holding(&forged, Signed::Nothing), Rule::Signature);
}

#[test]
fn decryption_keys_are_checked_and_never_shown() {
    let pem = |key: &SigningKey| key.private_key_pem().unwrap();
    let (ours, small, curve) = (pem(ours()), pem(key(KeyKind::Rsa(1024))), pem(key(KeyKind::P256)));
    for wrong in [small.as_str(), &curve, "", "-----BEGIN PRIVATE KEY-----", "secret"] {
        let fault = DecryptionKeys::from_pem(&[&ours, wrong]).unwrap_err();
        assert!(fault.starts_with("decryption key 2: "), "{fault}");
        assert!(!fault.contains("secret") && !fault.contains("BEGIN"), "{fault}");
    }
    assert!(DecryptionKeys::from_pem(&[&ours, &ours, &ours]).is_err());
    let keys = DecryptionKeys::from_pem(&[&ours]).unwrap();
    assert_eq!(format!("{keys:?}"), "DecryptionKeys(1)");
}
