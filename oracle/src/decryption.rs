//! Opens what is encrypted in a message, for the signature that is inside (XML Encryption 1.1): plainly, since the
//! messages are those of our own tests, and apart from the gateway's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead};
use roxmltree::Node;

/// The text with what was in `holder` in the place of its ciphertext, and what was in it alone.
///
/// # Errors
/// When no key opens it.
pub(crate) fn opened(text: &str, holder: Node<'_, '_>, keys: &[String]) -> Result<(String, String), String> {
    let parts: Vec<_> = holder.children().filter(Node::is_element).collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Err("nothing is in it".into());
    };
    let plain = plaintext(holder, keys).ok_or("no key opens it")?;
    let plain = plain.trim_ascii().to_owned();
    let whole = [&text[..first.range().start], &plain, &text[last.range().end..]].concat();
    Ok((whole, plain))
}

fn plaintext(holder: Node<'_, '_>, keys: &[String]) -> Option<String> {
    let data = holder.children().find(|node| node.tag_name().name() == "EncryptedData")?;
    let method = child(data, "EncryptionMethod")?.attribute("Algorithm")?;
    let bytes = cipher_value(data)?;
    let wrapped: Vec<_> =
        holder.descendants().filter(|node| node.tag_name().name() == "EncryptedKey").collect();
    for pem in keys {
        let key = PKey::private_key_from_pem(pem.as_bytes()).ok()?;
        for wrapped in &wrapped {
            let plain = unwrapped(*wrapped, &key).and_then(|content| decrypted(method, &content, &bytes));
            if let Some(plain) = plain.and_then(|plain| String::from_utf8(plain).ok()) {
                return Some(plain);
            }
        }
    }
    None
}

fn unwrapped(wrapped: Node<'_, '_>, key: &PKey<Private>) -> Option<Vec<u8>> {
    let method = child(wrapped, "EncryptionMethod")?;
    let hash = |name| {
        let algorithm = child(method, name).and_then(|node| node.attribute("Algorithm")).unwrap_or("sha1");
        let hashes = [
            ("sha1", MessageDigest::sha1()),
            ("sha256", MessageDigest::sha256()),
            ("sha384", MessageDigest::sha384()),
            ("sha512", MessageDigest::sha512()),
        ];
        hashes.into_iter().find(|(name, _)| algorithm.ends_with(name)).map(|(_, hash)| hash)
    };
    let (digest, mask) = (hash("DigestMethod")?, hash("MGF")?);
    let label = child(method, "OAEPparams").map_or(Some(Vec::new()), base64)?;
    let value = cipher_value(wrapped)?;
    let unwrap = || -> Result<Vec<u8>, ErrorStack> {
        let mut decrypter = Decrypter::new(key)?;
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
        decrypter.set_rsa_oaep_md(digest)?;
        decrypter.set_rsa_mgf1_md(mask)?;
        if !label.is_empty() {
            decrypter.set_rsa_oaep_label(&label)?;
        }
        let mut plain = vec![0; decrypter.decrypt_len(&value)?];
        let length = decrypter.decrypt(&value, &mut plain)?;
        plain.truncate(length);
        Ok(plain)
    };
    unwrap().ok()
}

/// AES: the IV stands before the ciphertext, the tag of GCM behind it, and the last byte of CBC counts the padding.
fn decrypted(method: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = match method.rsplit_once('#')?.1 {
        "aes128-gcm" => Cipher::aes_128_gcm(),
        "aes192-gcm" => Cipher::aes_192_gcm(),
        "aes256-gcm" => Cipher::aes_256_gcm(),
        "aes128-cbc" => Cipher::aes_128_cbc(),
        "aes192-cbc" => Cipher::aes_192_cbc(),
        "aes256-cbc" => Cipher::aes_256_cbc(),
        _ => return None,
    };
    if key.len() != cipher.key_len() {
        return None;
    }
    let (vector, body) = data.split_at_checked(cipher.iv_len()?)?;
    if method.ends_with("gcm") {
        let (body, tag) = body.split_at_checked(body.len().checked_sub(16)?)?;
        return decrypt_aead(cipher, key, Some(vector), &[], body, tag).ok();
    }
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, Some(vector)).ok()?;
    crypter.pad(false);
    let mut plain = vec![0; body.len() + 16];
    let written = crypter.update(body, &mut plain).ok()?;
    plain.truncate(written);
    let padding = usize::from(*plain.last()?);
    plain.truncate(plain.len().checked_sub(padding)?);
    Some(plain)
}

fn child<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn cipher_value(node: Node<'_, '_>) -> Option<Vec<u8>> {
    base64(child(child(node, "CipherData")?, "CipherValue")?)
}

fn base64(node: Node<'_, '_>) -> Option<Vec<u8>> {
    let text: String = node.children().filter(Node::is_text).filter_map(|child| child.text()).collect();
    STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok()
}
