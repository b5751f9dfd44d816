//! The relay state that we send: a destination from a closed set, and whether this is a second attempt. It is never a
//! URL, and one that is not ours means nothing.

/// What begins a destination; its key follows.
const DESTINATION: &str = "to.";
/// A second attempt, alone or before a destination.
const AGAIN: &str = "again";
/// ... and one that goes on with what was chosen in the first, before a destination.
const GOING_ON: &str = "on.";
/// A first attempt without a destination. It says that the IdP gives a relay state back.
const FIRST: &str = "first";

/// What a relay state of ours says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RelayState {
    /// Key of the destination that the sign-in is meant for.
    pub(super) destination: Option<String>,
    /// Which attempt this is; `None` if the relay state is not ours.
    pub(super) attempt: Option<Attempt>,
}

/// How often the browser was sent to the IdP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Once.
    First,
    /// Twice: it had lost its cookie, or had to wait for too long.
    Again,
    /// Twice, too, since what the person had chosen took too long: nobody asks again where to go.
    GoingOn,
}

impl RelayState {
    /// Reads a relay state. IdPs send all sorts of them when they start a sign-in themselves.
    pub(super) fn read(value: Option<&str>) -> Self {
        let value = value.unwrap_or_default();
        let (rest, attempt) = match value.strip_prefix(AGAIN) {
            _ if value == FIRST => return Self { destination: None, attempt: Some(Attempt::First) },
            Some("") => return Self { destination: None, attempt: Some(Attempt::Again) },
            Some(rest) => (rest.strip_prefix('.').unwrap_or_default(), Attempt::Again),
            None => match value.strip_prefix(GOING_ON) {
                Some(rest) => (rest, Attempt::GoingOn),
                None => (value, Attempt::First),
            },
        };
        let destination = rest.strip_prefix(DESTINATION).filter(|key| is_key(key)).map(str::to_owned);
        Self { attempt: destination.is_some().then_some(attempt), destination }
    }

    /// Writes it: at most 80 bytes of `[A-Za-z0-9._-]` (saml-bindings 3.4.3).
    pub(super) fn write(&self) -> String {
        let destination = self.destination.as_ref().map(|key| format!("{DESTINATION}{key}"));
        match (destination, self.attempt) {
            (None, Some(Attempt::Again | Attempt::GoingOn)) => AGAIN.into(),
            (None, _) => FIRST.into(),
            (Some(destination), Some(Attempt::Again)) => format!("{AGAIN}.{destination}"),
            (Some(destination), Some(Attempt::GoingOn)) => format!("{GOING_ON}{destination}"),
            (Some(destination), _) => destination,
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
            for attempt in [Attempt::First, Attempt::Again, Attempt::GoingOn] {
                if (destination.is_none(), attempt) == (true, Attempt::GoingOn) {
                    continue; // It goes on to nowhere.
                }
                let state = RelayState { destination: destination.clone(), attempt: Some(attempt) };
                let written = state.write();
                assert!(written.len() <= 80);
                assert_eq!(RelayState::read(Some(&written)), state);
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
            "on",
            "on.",
            "on.x",
            "on.again.to.x",
            "first.to.x",
            "first ",
            "to.a\r\nSet-Cookie: x",
            "https://evil.test/again",
        ] {
            assert_eq!(RelayState::read(Some(value)), RelayState::default(), "{value}");
        }
        assert_eq!(RelayState::read(None), RelayState::default());
    }
}
