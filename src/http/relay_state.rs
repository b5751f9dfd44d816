//! The relay state that we send: a destination from a closed set, and whether this is a second attempt. It is never a
//! URL, and one that is not ours means nothing.

/// What begins a destination; the key of a domain follows.
const DESTINATION: &str = "to.";
/// What ends a second attempt.
const AGAIN: &str = "again";

/// What a relay state of ours says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RelayState {
    /// Key of the domain that the sign-in is meant for.
    pub(super) destination: Option<String>,
    /// Whether the browser was sent round once already, after it had lost its cookie.
    pub(super) again: bool,
}

impl RelayState {
    /// Reads a relay state. IdPs send all sorts of them when they start a sign-in themselves.
    pub(super) fn read(value: Option<&str>) -> Self {
        let value = value.unwrap_or_default();
        let (rest, again) = match value.strip_suffix(AGAIN) {
            Some(rest) => (rest.strip_suffix('.').unwrap_or(rest), true),
            None => (value, false),
        };
        let destination = rest
            .strip_prefix(DESTINATION)
            .filter(|key| !key.is_empty() && !key.contains('.'));
        // A key may end in "again" itself.
        if again && !rest.is_empty() && destination.is_none() {
            return Self::default();
        }
        Self {
            destination: destination.map(str::to_owned),
            again,
        }
    }

    /// Writes it: at most 80 bytes of `[A-Za-z0-9._-]` (saml-bindings 3.4.3), or nothing when there is nothing to say.
    pub(super) fn write(&self) -> Option<String> {
        let destination = self.destination.as_ref().map(|key| format!("{DESTINATION}{key}"));
        match (destination, self.again) {
            (None, false) => None,
            (None, true) => Some(AGAIN.into()),
            (Some(destination), false) => Some(destination),
            (Some(destination), true) => Some(format!("{destination}.{AGAIN}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for destination in [None, Some("research".to_owned()), Some("x".repeat(40))] {
            for again in [false, true] {
                let state = RelayState {
                    destination: destination.clone(),
                    again,
                };
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
            "token",
            "to.a\r\nSet-Cookie: x",
            "https://evil.test/again",
        ] {
            let state = RelayState::read(Some(value));
            assert!(!state.again, "{value}");
            let key = state.destination.unwrap_or_default();
            assert!(!key.contains(['.', '/', ':']), "{value}");
        }
        assert_eq!(RelayState::read(None), RelayState::default());
    }
}
