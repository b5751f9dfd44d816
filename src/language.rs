//! The texts that people read, in every language that `locales` has a folder for, written in Project Fluent.
//!
//! English is complete by definition: what another language lacks is said in English, and a test fails.

#[cfg(test)]
mod tests;

use crate::error::Code;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_langneg::{LanguageIdentifier, NegotiationStrategy, negotiate_languages};
use std::borrow::Cow;
use std::fmt;
use std::iter::once;
use std::sync::LazyLock;

/// Most entries of an `Accept-Language` header that are looked at. Browsers send a handful.
const MOST_WANTED: usize = 32;

/// A folder of `locales`.
struct Source {
    tag: &'static str,
    files: &'static [&'static str],
}

/// Written by `build.rs`.
mod sources {
    use super::Source;
    include!(concat!(env!("OUT_DIR"), "/locales.rs"));
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::of(&sources::ENGLISH));
static OTHERS: LazyLock<Vec<Texts>> = LazyLock::new(|| sources::OTHERS.iter().map(Texts::of).collect());

struct Texts {
    tag: &'static str,
    id: LanguageIdentifier,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    fn of(source: &Source) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![source.tag.parse().unwrap_or_default()]);
        // The marks that isolate a value from the direction of its sentence would be copied along with a request id.
        bundle.set_use_isolating(false);
        for file in source.files {
            // A test fails on what cannot be parsed and on what is said twice.
            let texts = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(usable, _)| usable);
            bundle.add_resource_overriding(texts);
        }
        Self { tag: source.tag, id: source.tag.parse().unwrap_or_default(), bundle }
    }

    fn say(&'static self, id: &str, values: Option<&FluentArgs<'_>>) -> Option<Cow<'static, str>> {
        let pattern = self.bundle.get_message(id)?.value()?;
        let mut faults = Vec::new();
        let said = self.bundle.format_pattern(pattern, values, &mut faults).into_owned();
        Some(Cow::Owned(said))
    }
}

/// One of the languages that pages are written in; English by default.
#[derive(Clone, Copy)]
pub struct Language(&'static Texts);

impl Language {
    /// Every language, English first.
    pub fn all() -> impl Iterator<Item = Self> {
        once(&*ENGLISH).chain(OTHERS.iter()).map(Self)
    }

    /// The language with this tag, such as `ko`.
    #[must_use]
    pub fn by_tag(tag: &str) -> Option<Self> {
        Self::all().find(|language| language.tag() == tag)
    }

    /// The best one for an `Accept-Language` header (RFC 9110, section 12.5.4); English if there is none.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        let mut wanted: Vec<_> = accept_language.split(',').take(MOST_WANTED).filter_map(weighted).collect();
        // Stable: of equal weights, the first comes first.
        wanted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let wanted: Vec<_> = wanted.into_iter().map(|(_, language)| language).collect();
        let offered: Vec<_> = Self::all().map(|language| language.0.id.clone()).collect();
        let best = negotiate_languages(&wanted, &offered, None, NegotiationStrategy::Lookup);
        let best = best.first().and_then(|best| Self::all().find(|language| language.0.id == **best));
        best.unwrap_or_default()
    }

    /// Its tag, for `lang` and `Content-Language`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.0.tag
    }

    /// A text by its id.
    #[must_use]
    pub fn say(self, id: &str) -> Cow<'static, str> {
        self.message(id, None)
    }

    /// A text with a value in it.
    #[must_use]
    pub fn say_with(self, id: &str, name: &str, value: &str) -> Cow<'static, str> {
        let mut values = FluentArgs::new();
        values.set(name.to_owned(), value);
        self.message(id, Some(&values))
    }

    /// What a refusal with this code means to the person: what happened.
    #[must_use]
    pub fn title(self, code: Code) -> Cow<'static, str> {
        self.say(&text_id(code, "title"))
    }

    /// What the person can do about it now.
    #[must_use]
    pub fn advice(self, code: Code) -> Cow<'static, str> {
        self.say(&text_id(code, "advice"))
    }

    fn message(self, id: &str, values: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let said = self.0.say(id, values).or_else(|| ENGLISH.say(id, values));
        said.unwrap_or_else(|| Cow::Owned(id.to_owned()))
    }
}

/// Ids of Project Fluent have no dots.
fn text_id(code: Code, part: &str) -> String {
    format!("error-{}-{part}", code.name().replace('.', "-"))
}

/// A language and how much it is wanted; `None` for one that is not wanted at all (`q=0`) or not a language.
fn weighted(entry: &str) -> Option<(f32, LanguageIdentifier)> {
    let mut parts = entry.split(';').map(str::trim);
    let language = parts.next()?.parse().ok()?;
    let weight = match parts.next() {
        Some(parameter) => parameter.strip_prefix("q=")?.parse().ok()?,
        None => 1.0,
    };
    (weight > 0.0).then_some((weight, language))
}

impl Default for Language {
    fn default() -> Self {
        Self(&ENGLISH)
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.tag() == other.tag()
    }
}

impl Eq for Language {}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}
