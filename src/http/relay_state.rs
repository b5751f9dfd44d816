//! The relay state that we send: a destination from a closed set, and whether this is a second attempt. It is never a
//! URL, and one that is not ours means nothing.

/// What begins a destination; its key follows.
const DESTINATION: &str = "to.";
/// A second attempt, alone or before a destination.
const AGAIN: &str = "again";

/// What a relay state of ours says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RelayState {
    /// Key of the destination that the sign-in is meant for.
    pub(super) destination: Option<String>,
    /// Whether the browser was sent round once already, after it had lost its cookie.
    pub(super) again: bool,
}

impl RelayState {
    /// Reads a relay state. IdPs send all sorts of them when they start a sign-in themselves.
    pub(super) fn read(value: Option<&str>) -> Self {
        let value = value.unwrap_or_default();
        let (rest, again) = match value.strip_prefix(AGAIN) {
            Some("") => {
                return Self { destination: None, again: true };
            }
            Some(rest) => (rest.strip_prefix('.').unwrap_or_default(), true),
            None => (value, false),
        };
        let destination = rest.strip_prefix(DESTINATION).filter(|key| is_key(key)).map(str::to_owned);
        Self { again: again && destination.is_some(), destination }
    }

    /// Writes it: at most 80 bytes of `[A-Za-z0-9._-]` (saml-bindings 3.4.3), or nothing when there is nothing to say.
    pub(super) fn write(&self) -> Option<String> {
        let destination = self.destination.as_ref().map(|key| format!("{DESTINATION}{key}"));
        match (destination, self.again) {
            (None, false) => None,
            (None, true) => Some(AGAIN.into()),
            (Some(destination), false) => Some(destination),
            (Some(destination), true) => Some(format!("{AGAIN}.{destination}")),
        }
    }
}

/// Whether this may be the key of a destination.
fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for destination in [None, Some("research".to_owned()), Some("x".repeat(40))] {
            for again in [false, true] {
                let state = RelayState { destination: destination.clone(), again };
                let written = state.write();
                assert!(written.as_ref().is_none_or(|text| text.len() <= 80));
                assert_eq!(RelayState::read(written.as_deref()), state);
            }
        }
    }

    #[test]
    fn what_is_not_ours_means_nothing() {
        for value in [
            "",
            "/landing",
            "https://evil.test/",
            "to.",
            "to.a.b",
            "TO.x",
            "x.again",
            "again.x",
            "again.to.",
            "againto.x",
            "to.a\r\nSet-Cookie: x",
            "https://evil.test/again",
        ] {
            assert_eq!(RelayState::read(Some(value)), RelayState::default(), "{value}");
        }
        assert_eq!(RelayState::read(None), RelayState::default());
    }
}
