//! Names of user profiles, made from user ids so that two people never share one.

use crate::random::encode_hex;
use aws_lc_rs::digest;
use std::fmt;

/// Longest `UserProfileName`.
const MAX: usize = 63;
/// Characters of the hash: 80 bits in hexadecimal.
const HASH: usize = 20;
/// What stands between slug and hash. A plain id that ends like this is hashed too, so that no id can pass for the
/// name of another.
const MARK: &str = "--";

/// A `UserProfileName`: `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`, always in lower case, since AWS ignores case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileName(String);

impl ProfileName {
    /// The one name for a user id.
    ///
    /// An id that is a valid lower-case name is its own name. Any other becomes a readable slug, two hyphens and 80 bits
    /// of the SHA-256 of the id, so that different ids have different names (the chance that any two of a million
    /// collide is below one in 10^12), also where they differ in case or punctuation only.
    #[must_use]
    pub fn of(user_id: &str) -> Self {
        if is_plain(user_id) {
            return Self(user_id.to_owned());
        }
        let slug = slug(user_id, MAX - HASH - MARK.len());
        let slug = if slug.is_empty() { "u" } else { &slug };
        Self(format!("{slug}{MARK}{}", hash(user_id)))
    }

    /// The name, in at most `longest` characters, of which there have to be 23 or more: a longer one is cut, with a hash of
    /// the whole after it. Two names stay two, since no name that ends like such a hash is anybody's own.
    #[must_use]
    pub(crate) fn within(&self, longest: usize) -> String {
        if self.0.len() <= longest {
            return self.0.clone();
        }
        let kept: String = self.0.chars().take(longest.saturating_sub(HASH + MARK.len())).collect();
        format!("{}{MARK}{}", kept.trim_end_matches('-'), hash(&self.0))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    encode_hex(digest.as_ref()).chars().take(HASH).collect()
}

fn is_plain(id: &str) -> bool {
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let hashed = id.len() > HASH
        && id.is_ascii()
        && id
            .split_at_checked(id.len() - HASH)
            .is_some_and(|(head, tail)| head.ends_with(MARK) && letters(tail));
    (1..=MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !id.starts_with('-')
        && !id.ends_with('-')
        && !hashed
}

/// The ASCII letters and digits of a text in lower case, everything between them as one hyphen, cut to `longest`.
#[must_use]
pub(crate) fn slug(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() == longest {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// The API's own pattern, written out.
    fn is_valid(name: &str) -> bool {
        (1..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-')
    }

    #[test]
    fn a_plain_id_is_its_own_name() {
        for id in ["alice", "a", "0", "alice-kim", "a--b", &"x".repeat(63)] {
            assert_eq!(ProfileName::of(id).as_str(), id);
        }
    }

    #[test]
    fn names_are_stable() {
        // Recorded: a change of these would part people from their profiles.
        assert_eq!(ProfileName::of("alice@example.com").as_str(), "alice-example-com--ff8d9819fc0e12bf0d24");
        assert_eq!(ProfileName::of("Alice").as_str(), "alice--3bc51062973c458d5a6f");
        assert_eq!(ProfileName::of("김하늘").as_str(), "u--eee33acd857818671434");
    }

    #[test]
    fn an_id_that_looks_like_the_name_of_another_gets_a_name_of_its_own() {
        let name = ProfileName::of("alice@example.com");
        assert_ne!(ProfileName::of(name.as_str()), name);
    }

    #[test]
    fn a_million_ids_have_a_million_valid_names() {
        let mut names = HashMap::with_capacity(1_100_000);
        let mut check = |id: String| {
            let name = ProfileName::of(&id);
            assert!(is_valid(name.as_str()), "{id:?} became {name}");
            if let Some(other) = names.insert(name, id.clone()) {
                assert_eq!(other, id, "two ids, one name");
            }
        };
        let endings = [
            "",
            "@example.com",
            "@EXAMPLE.com",
            ".",
            "-",
            "_",
            " ",
            "é",
            "/..",
            "늘",
            "--00000000000000000000",
        ];
        for number in 0..100_000 {
            for ending in endings {
                check(format!("user{number}{ending}"));
            }
        }
    }

    proptest! {
        #[test]
        fn any_id_has_a_valid_name(id in any::<String>()) {
            prop_assert!(is_valid(ProfileName::of(&id).as_str()));
        }

        #[test]
        fn ids_that_differ_in_anything_have_different_names(
            one in "[a-zA-Z0-9@._ -]{1,80}", other in "[a-zA-Z0-9@._ -]{1,80}",
        ) {
            prop_assume!(one != other);
            prop_assert_ne!(ProfileName::of(&one), ProfileName::of(&other));
        }

        #[test]
        fn case_alone_tells_people_apart(id in "[a-z]{1,30}") {
            prop_assert_ne!(ProfileName::of(&id), ProfileName::of(&id.to_uppercase()));
        }
    }
}
