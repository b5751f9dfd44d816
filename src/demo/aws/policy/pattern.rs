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
        // States of the automaton: positions in the pattern that the text so far can have reached.
        let mut reached = vec![false; self.0.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        self.skip_any(&mut reached);
        for c in text.chars() {
            let mut next = vec![false; self.0.len() + 1];
            for (position, token) in self.0.iter().enumerate() {
                if !reached.get(position).copied().unwrap_or(false) {
                    continue;
                }
                let target = match token {
                    Token::Any => position,
                    Token::One => position + 1,
                    Token::Literal(l) if *l == c => position + 1,
                    Token::Literal(_) => continue,
                };
                if let Some(slot) = next.get_mut(target) {
                    *slot = true;
                }
            }
            self.skip_any(&mut next);
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }

    /// A `*` may match nothing.
    fn skip_any(&self, reached: &mut [bool]) {
        let mut open = false;
        for (slot, token) in reached.iter_mut().zip(self.0.iter().map(Some).chain([None])) {
            *slot |= open;
            open = *slot && token == Some(&Token::Any);
        }
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
