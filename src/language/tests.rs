//! Every language says the same things, no more and no less, with the same values in them.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What a language has: each id with the names of the values in its text. The syntax that is read here is checked by
/// the real parser in another test.
fn said(source: &Source) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in source.files.iter().flat_map(|file| file.lines()) {
        if let Some((id, _)) = line.split_once(" =")
            && id.starts_with(|c: char| c.is_ascii_lowercase())
        {
            id.clone_into(&mut current);
            assert!(messages.insert(current.clone(), BTreeSet::new()).is_none(), "{id} is said twice");
        }
        for part in line.split('$').skip(1) {
            let name = part.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap();
            messages.get_mut(&current).unwrap().insert(name.to_owned());
        }
    }
    messages
}

/// Everything that templates and code ask for, with the name of the value that is given.
fn asked() -> BTreeMap<String, BTreeSet<String>> {
    let mut asked = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["templates", "src"] {
        read(&root.join(folder), &mut asked);
    }
    for code in Code::ALL {
        for part in ["title", "advice"] {
            asked.insert(text_id(*code, part), BTreeSet::new());
        }
    }
    asked
}

fn read(path: &Path, asked: &mut BTreeMap<String, BTreeSet<String>>) {
    if path.ends_with("language/tests.rs") {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            read(&entry.unwrap().path(), asked);
        }
        return;
    }
    let Ok(text) = fs::read_to_string(path) else { return };
    for part in text.split("say(\"").skip(1) {
        asked.entry(part.split('"').next().unwrap().to_owned()).or_default();
    }
    for part in text.split("say_with(\"").skip(1) {
        let words: Vec<_> = part.split('"').take(3).collect();
        asked.entry(words[0].to_owned()).or_default().insert(words[2].to_owned());
    }
}

#[test]
fn every_language_says_what_is_asked_for_and_nothing_else() {
    let asked = asked();
    assert!(asked.len() > 2 * Code::ALL.len() + 10, "the search finds too little: {asked:?}");
    for source in once(&sources::ENGLISH).chain(sources::OTHERS) {
        let said = said(source);
        for (id, values) in &asked {
            assert_eq!(said.get(id), Some(values), "{}: {id} is missing, or has other values", source.tag);
        }
        for id in said.keys() {
            assert!(asked.contains_key(id), "{}: nobody asks for {id}", source.tag);
        }
    }
}

#[test]
fn every_file_is_proper_fluent_and_every_tag_a_language() {
    for source in once(&sources::ENGLISH).chain(sources::OTHERS) {
        assert!(source.tag.parse::<LanguageIdentifier>().is_ok(), "{}", source.tag);
        assert!(!source.files.is_empty());
        for file in source.files {
            if let Err((_, faults)) = FluentResource::try_new((*file).to_owned()) {
                panic!("{}: {faults:?}", source.tag);
            }
        }
    }
}

#[test]
fn english_and_korean_are_there() {
    let tags: Vec<_> = Language::all().map(Language::tag).collect();
    assert!(tags.starts_with(&["en"]) && tags.contains(&"ko"), "{tags:?}");
    assert_eq!(Language::by_tag("ko").unwrap().say("language-name"), "한국어");
    assert_eq!(Language::by_tag("tlh"), None);
}

#[test]
fn the_language_that_is_wanted_most() {
    for (header, tag) in [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en-GB,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.3, ko;q=0.7", "ko"),
        ("fr-FR, ko;q=0.5", "ko"),
        ("fr-FR, de", "en"),
        ("*", "en"),
        ("ko;q=0, en;q=0.1", "en"),
        ("ko;q=banana", "en"),
        ("KO-kr", "ko"),
        (";;,,=\u{1f600}", "en"),
    ] {
        assert_eq!(Language::negotiate(header).tag(), tag, "{header:?}");
    }
}

#[test]
fn a_value_stands_in_its_text() {
    let said = Language::by_tag("ko").unwrap().say_with("page-contact", "contact", "ML 플랫폼팀");
    assert!(said.contains("ML 플랫폼팀") && !said.contains('\u{2068}'), "{said:?}");
}
