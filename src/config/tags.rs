//! What AWS takes as the key and the value of a tag, in profiles and in sessions.

/// Tag key: 1 to 128 characters of the AWS tag alphabet, not beginning with `aws:`.
pub(super) fn tag_key(text: &str) -> Option<String> {
    let fits = (1..=128).contains(&text.chars().count())
        && !text.to_ascii_lowercase().starts_with("aws:")
        && text.chars().all(is_tag_character);
    fits.then(|| text.to_owned())
}

/// Tag value: up to 256 characters of the AWS tag alphabet (letters, digits and spaces of any script, `_.:/=+-@`).
#[must_use]
pub(crate) fn is_tag_value(text: &str) -> bool {
    text.chars().count() <= 256 && text.chars().all(is_tag_character)
}

fn is_tag_character(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}
