//! Unguessable identifiers, from the operating system through aws-lc.

use aws_lc_rs::rand;

/// The random source failed: the process cannot make anything unguessable, and so must not go on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
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
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
