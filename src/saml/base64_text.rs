//! Base64 as forms and XML carry it: white space may stand anywhere in it, since many IdPs wrap lines. Never takes
//! anything else that is not of RFC 4648, section 4.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};

/// The bytes that the text stands for.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, DecodeError> {
    // White space is no base64: only what does not decode as it stands can have any.
    if let Ok(bytes) = base64_simd::STANDARD.decode_to_vec(text) {
        debug_assert!(STANDARD.decode(text).is_ok_and(|slowly| slowly == bytes), "two decoders differ");
        return Ok(bytes);
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let packed: Vec<u8> = text.bytes().filter(|byte| !is_blank(byte)).collect();
    STANDARD.decode(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn both_decoders_read_the_same(text in "[A-D+/=a-z_ -]{0,12}", bytes: Vec<u8>) {
            for text in [text, STANDARD.encode(bytes)] {
                proptest::prop_assert_eq!(
                    base64_simd::STANDARD.decode_to_vec(&text).ok(),
                    STANDARD.decode(&text).ok()
                );
            }
        }
    }

    #[test]
    fn bits_that_stand_for_nothing_are_refused() {
        assert_eq!(decoded("QQ=="), Ok(b"A".to_vec()));
        for text in ["QR==", "QQ=", "QQ", "Q Q==\u{a0}", "Q-==", "QQ==QQ=="] {
            assert!(decoded(text).is_err(), "{text}");
        }
        assert_eq!(decoded(" Q\nQ\r=\t="), Ok(b"A".to_vec()));
    }
}
