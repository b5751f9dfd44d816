//! Wildcards and policy variables: `*`, `?`, `${aws:PrincipalTag/key}`, `${key, 'default'}`.
//!
//! A variable's value is literal: a `*` in a tag never becomes a wildcard.

use super::Context;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
}

/// A text with its wildcards and with its variables filled in.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Token>);

impl Pattern {
    /// Wildcards only.
    pub(super) fn plain(text: &str) -> Self {
        Self(text.chars().map(token).collect())
    }

    /// Wildcards and variables; `None` if a variable has no single value or is not closed.
    pub(super) fn new(text: &str, context: &Context) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            tokens.extend(before.chars().map(token));
            let (variable, behind) = after.split_once('}')?;
            tokens.extend(resolve(variable, context)?.chars().map(Token::Literal));
            rest = behind;
        }
        tokens.extend(rest.chars().map(token));
        Some(Self(tokens))
    }

    /// The same text with its wildcards taken literally.
    pub(super) fn literal(text: &str, context: &Context) -> Option<String> {
        let Self(tokens) = Self::new(text, context)?;
        let char_of = |token| match token {
            Token::Literal(c) => c,
            Token::One => '?',
            Token::Any => '*',
        };
        Some(tokens.into_iter().map(char_of).collect())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut position, mut place) = (0, 0);
        // Where the last `*` stands, and from where on it is not known to take more. An earlier one never has to.
        let mut last = None;
        while let Some(c) = text.get(place) {
            match (self.0.get(position), last) {
                (Some(Token::Any), _) => {
                    last = Some((position, place));
                    position += 1;
                }
                (Some(token), _) if *token == Token::One || *token == Token::Literal(*c) => {
                    position += 1;
                    place += 1;
                }
                (_, Some((star, taken))) => {
                    last = Some((star, taken + 1));
                    position = star + 1;
                    place = taken + 1;
                }
                (_, None) => return false,
            }
        }
        // A `*` may match nothing.
        self.0.iter().skip(position).all(|token| *token == Token::Any)
    }
}

fn token(c: char) -> Token {
    match c {
        '*' => Token::Any,
        '?' => Token::One,
        other => Token::Literal(other),
    }
}

fn resolve(variable: &str, context: &Context) -> Option<String> {
    if matches!(variable, "*" | "?" | "$") {
        return Some(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
        None => (variable.trim(), None),
    };
    // An empty value is none: two people without a name are not the same person.
    context.single(key).filter(|value| !value.is_empty()).map(str::to_owned).or(default)
}
