//! Whom to ask: the text of the configuration, in which a mail or web address becomes a link. A mail from an error page
//! has code and request id in its subject, so that they need not be copied.

/// A text with at most one address in it. Where there is none, everything is in `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contact<'c> {
    pub(super) before: &'c str,
    pub(super) address: Option<Address<'c>>,
    pub(super) after: &'c str,
}

/// What can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address<'c> {
    Mail(&'c str),
    Web(&'c str),
}

impl<'c> Contact<'c> {
    /// Looks for the first address in a text.
    pub(super) fn of(text: &'c str) -> Self {
        let none = Self { before: text, address: None, after: "" };
        let words = text.split(|c: char| c.is_whitespace() || "<>()[],;\"'".contains(c));
        let Some(address) = words.map(|word| word.trim_matches(['.', ':', '!', '?'])).find_map(Address::of)
        else {
            return none;
        };
        text.split_once(address.text()).map_or(none, |(before, after)| Self {
            before,
            address: Some(address),
            after,
        })
    }
}

impl<'c> Address<'c> {
    fn of(word: &'c str) -> Option<Self> {
        if word.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()) {
            return Some(Self::Web(word));
        }
        let (name, host) = word.split_once('@')?;
        let plain = |part: &str, more: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        (plain(name, "._+-") && plain(host, ".-") && host.contains('.')).then_some(Self::Mail(word))
    }

    /// As it is read.
    pub(super) fn text(&self) -> &'c str {
        let (Self::Mail(text) | Self::Web(text)) = self;
        text
    }

    /// Where it leads.
    pub(super) fn href(&self) -> String {
        match self {
            Self::Mail(address) => format!("mailto:{address}"),
            Self::Web(address) => (*address).to_owned(),
        }
    }

    /// The same, for somebody who asks about a refusal. Both are of characters that need no encoding.
    pub(super) fn href_about(&self, code: &str, request_id: &str) -> String {
        match self {
            Self::Mail(_) => format!("{}?subject={code}%20{request_id}", self.href()),
            Self::Web(_) => self.href(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (&str, Option<Address<'_>>, &str) {
        let Contact { before, address, after } = Contact::of(text);
        (before, address, after)
    }

    #[test]
    fn an_address_is_found_in_a_text() {
        for (text, before, address, after) in [
            ("the team, ml-platform@example.com", "the team, ", Address::Mail("ml-platform@example.com"), ""),
            ("Kim <a.b+c@example.co.kr>.", "Kim <", Address::Mail("a.b+c@example.co.kr"), ">."),
            ("ask@example.com.", "", Address::Mail("ask@example.com"), "."),
            ("담당자(ml@example.com)", "담당자(", Address::Mail("ml@example.com"), ")"),
            (
                "see https://help.example.com/ml: now",
                "see ",
                Address::Web("https://help.example.com/ml"),
                ": now",
            ),
        ] {
            assert_eq!(parts(text), (before, Some(address), after), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_stays_text() {
        for text in [
            "the ML platform team",
            "@channel",
            "a@b",
            "https://",
            "javascript:x@example.com",
            "x@y.z?bcc=a",
            "",
        ] {
            assert_eq!(parts(text), (text, None, ""), "{text}");
        }
    }

    #[test]
    fn a_mail_says_what_it_is_about() {
        let contact = Contact::of("ml@example.com");
        let href = contact.address.unwrap().href_about("aws.denied", "0123456789abcdef");
        assert_eq!(href, "mailto:ml@example.com?subject=aws.denied%200123456789abcdef");
    }
}
