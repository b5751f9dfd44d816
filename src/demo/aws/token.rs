//! Unguessable values: credentials, link tokens, cookies and request ids.

use super::fault::ApiError;
use aws_lc_rs::rand;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};

/// A link token or a cookie: 256 bits, URL-safe.
pub(super) fn secret() -> Result<String, ApiError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// A session token, as long as STS's are.
pub(super) fn session_token() -> Result<String, ApiError> {
    Ok(BASE64_STANDARD.encode(random::<192>()?))
}

/// A secret access key: 40 characters.
pub(super) fn secret_access_key() -> Result<String, ApiError> {
    Ok(BASE64_STANDARD.encode(random::<30>()?))
}

/// `prefix` and sixteen of `A-Z2-7`, as AWS makes ids.
pub(super) fn unique_id(prefix: &str) -> Result<String, ApiError> {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T',
        'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    let letters = random::<16>()?.map(|byte| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or('A'));
    Ok(prefix.chars().chain(letters).collect())
}

/// A request id: a version 4 UUID.
pub(super) fn request_id() -> Result<String, ApiError> {
    let bits = u128::from_be_bytes(random::<16>()?);
    let bits = (bits & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let mut id = String::with_capacity(36);
    for (index, c) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(c);
    }
    Ok(id)
}

fn random<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ApiError::new(500, "InternalFailure", "no random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_shapes_of_aws_and_never_repeat() {
        let id = request_id().unwrap();
        assert_eq!((id.len(), &id[14..15], id.matches('-').count()), (36, "4", 4));
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"));
        assert_ne!(secret().unwrap(), secret().unwrap());
        assert_eq!(secret_access_key().unwrap().len(), 40);
        let key = unique_id("ASIA").unwrap();
        assert!(key.len() == 20 && key.starts_with("ASIA") && key.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
