//! Lists what is in `locales`, so that a language is added by adding a folder and nothing else: each folder is a
//! language tag (BCP 47), each `.ftl` file in it (Project Fluent) holds some of its texts.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What everything falls back to.
const ENGLISH: &str = "en";

#[allow(clippy::disallowed_methods, reason = "Cargo tells a build script where to write by a variable")]
#[allow(clippy::print_stdout, reason = "this is how a build script talks to Cargo")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut english = None;
    let mut others = String::new();
    for folder in sorted(&root)? {
        let tag = name(&folder)?;
        let mut source = format!("Source {{ tag: {tag:?}, files: &[");
        for file in sorted(&folder)? {
            println!("cargo::rerun-if-changed={}", file.display());
            write!(source, "include_str!({:?}), ", file.display().to_string())?;
        }
        source.push_str("] }");
        if tag == ENGLISH {
            english = Some(source);
        } else {
            writeln!(others, "    {source},")?;
        }
    }
    let english = english.ok_or("locales/en is missing")?;
    let list = format!(
        "pub(super) static ENGLISH: Source = {english};\npub(super) static OTHERS: &[Source] = &[\n{others}];\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("locales.rs"), list)?;
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> Result<&str, Box<dyn Error>> {
    Ok(path.file_name().and_then(|name| name.to_str()).ok_or("a name in locales is not UTF-8")?)
}
