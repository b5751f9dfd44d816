//! What stands around the content of every page: brand, language, contact, and the switch between languages.

use super::contact::Contact;
use super::request::Visit;
use crate::assets::Assets;
use crate::language::Language;
use crate::sign_in::Gateway;

/// Everything that `base.html` needs.
pub(super) struct Frame<'p> {
    pub(super) language: Language,
    pub(super) assets: &'p Assets,
    pub(super) brand: &'p str,
    pub(super) contact: Option<Contact<'p>>,
    /// Whether there is a remembered destination to get away from.
    pub(super) goes_directly: bool,
    /// Hidden fields of the form that switches the language: they say which page to show again.
    pub(super) again: Vec<(&'static str, String)>,
    /// Id of a form on the page that has such fields already. A sealed sign-in is large, and need not be there twice.
    pub(super) form: Option<&'static str>,
}

impl<'p> Frame<'p> {
    /// For a page without a switch of language.
    pub(super) fn new(gateway: &'p Gateway, visit: &Visit) -> Self {
        Self {
            language: visit.language,
            assets: &gateway.assets,
            brand: &gateway.config.brand.name,
            contact: gateway.config.gateway.contact.as_deref().map(Contact::of),
            goes_directly: visit.goes_directly,
            again: Vec::new(),
            form: None,
        }
    }

    /// Adds a field that tells `POST /language` which page to show again.
    pub(super) fn again(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.again.push((name, value.into()));
        self
    }

    /// Names the form of the page that tells `POST /language` which page to show again.
    pub(super) fn again_by(mut self, form: &'static str) -> Self {
        self.form = Some(form);
        self
    }

    /// What stands before and after the contact in the sentence that names it.
    pub(super) fn around_contact(&self) -> (String, String) {
        // A character that is in no text.
        let sentence = self.language.say_with("page-contact", "contact", "\0");
        let (before, after) = sentence.split_once('\0').unwrap_or((&sentence, ""));
        (before.to_owned(), after.to_owned())
    }

    /// The languages to switch to.
    pub(super) fn others(&self) -> impl Iterator<Item = Language> {
        let present = self.language;
        Language::all().filter(move |language| *language != present)
    }
}
