//! Unguessable identifiers, from the operating system through aws-lc.

use aws_lc_rs::rand;

/// The random source failed: the process cannot make anything unguessable, and so must not go on.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// `N` random bytes as lower-case hexadecimal.
pub fn hex<const N: usize>() -> Result<String, NoRandomness> {
    Ok(encode_hex(&bytes::<N>()?))
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
