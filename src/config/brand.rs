//! Section `[brand]`: name, logo and colour of the pages. A colour that cannot be read is not an error: a readable shade
//! of it is used where it is text, and the admin is told.

use super::Sources;
use super::problems::{Section, kind, string};
use std::fmt;
use std::path::Path;

/// Largest logo, in bytes: a page with everything on it stays under 30 kB.
const MAX_LOGO: usize = 12_288;
/// What a text needs against its background (WCAG 2.2, success criterion 1.4.3, level AA).
const READABLE: f64 = 4.5;
/// What links and focus marks stand on, in `templates/style.css`: the darkest light one and the lightest dark one.
const LIGHT: Colour = Colour([0xf4, 0xf5, 0xf7]);
const DARK: Colour = Colour([0x22, 0x29, 0x32]);
const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// How the pages present themselves.
#[derive(Debug)]
pub struct Brand {
    /// What people know the service as.
    pub name: String,
    /// Shown beside the name.
    pub logo: Option<Logo>,
    /// The colours that come from the brand's own.
    pub palette: Option<Palette>,
}

/// A picture of up to 12 kB.
#[derive(Debug)]
pub enum Logo {
    /// SVG. It is shown as a picture and served with a policy that lets no script run.
    Svg(Vec<u8>),
    /// PNG.
    Png(Vec<u8>),
}

/// The brand's colour, and what can be read on and beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// The colour itself, for surfaces.
    pub fill: Colour,
    /// Text on it: black or white, whichever reads better.
    pub on_fill: Colour,
    /// Links and focus marks in the light scheme: the colour, or the next darker one that can be read.
    pub light: Colour,
    /// The same in the dark scheme, the next lighter one.
    pub dark: Colour,
}

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

pub(super) fn read(mut section: Section<'_>, sources: &Sources<'_>, warnings: &mut Vec<String>) -> Brand {
    let name = section.optional("name", string).unwrap_or_else(|| "SageMaker Studio".into());
    let logo = section.optional("logo", |value| {
        let path = string(value)?;
        let content =
            (sources.bytes)(Path::new(&path)).map_err(|fault| format!("cannot read {path:?}: {fault}"))?;
        logo(content).map_err(|problem| format!("{path:?} {problem}"))
    });
    let colour = section.optional("colour", kind("a colour such as \"#0b5fad\"", Colour::parse));
    section.finish();
    let palette = colour.map(Palette::of);
    if let Some(palette) = palette {
        for (scheme, used) in [("light", palette.light), ("dark", palette.dark)] {
            if used != palette.fill {
                warnings.push(format!(
                    "brand.colour: {} is hard to read as text in the {scheme} scheme (below {READABLE}:1), so links \
                     are {used} there",
                    palette.fill
                ));
            }
        }
    }
    Brand { name, logo, palette }
}

/// What the file is, by its content, whatever its name.
fn logo(content: Vec<u8>) -> Result<Logo, String> {
    if content.len() > MAX_LOGO {
        return Err(format!("has {} bytes; {MAX_LOGO} at most", content.len()));
    }
    if content.starts_with(PNG) {
        return Ok(Logo::Png(content));
    }
    let text = std::str::from_utf8(&content).unwrap_or_default();
    let is_svg = uppsala::Parser::new().parse(text).is_ok_and(|document| {
        let root = document.document_element().and_then(|root| document.element(root));
        root.is_some_and(|root| root.matches_name_ns("http://www.w3.org/2000/svg", "svg"))
    });
    if is_svg { Ok(Logo::Svg(content)) } else { Err("is neither SVG nor PNG".into()) }
}

impl Palette {
    fn of(fill: Colour) -> Self {
        let on_fill = if fill.contrast(WHITE) >= fill.contrast(BLACK) { WHITE } else { BLACK };
        Self { fill, on_fill, light: fill.readable_on(LIGHT, BLACK), dark: fill.readable_on(DARK, WHITE) }
    }
}

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// This colour, or the first on the way `toward` another one that can be read on `ground`.
    fn readable_on(self, ground: Self, toward: Self) -> Self {
        (0..=100)
            .map(|percent| self.mixed(toward, percent))
            .find(|c| c.contrast(ground) >= READABLE)
            .unwrap_or(toward)
    }

    fn mixed(self, other: Self, percent: u32) -> Self {
        let mut mixed = self.0;
        for (part, other) in mixed.iter_mut().zip(other.0) {
            let sum = u32::from(*part) * (100 - percent) + u32::from(other) * percent;
            *part = u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// From 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// From 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 0.001);
        assert!((colour("#777777").contrast(WHITE) - 4.48).abs() < 0.01);
        assert!((colour("#ff0000").contrast(WHITE) - 4.0).abs() < 0.01);
    }

    #[test]
    fn any_colour_becomes_something_that_can_be_read() {
        for text in ["#0b5fad", "#ffd400", "#e4002b", "#ffffff", "#000000", "#777777", "#00ff88", "#12002b"] {
            let palette = Palette::of(colour(text));
            assert!(palette.fill.contrast(palette.on_fill) >= READABLE, "{text}");
            assert!(palette.light.contrast(LIGHT) >= READABLE && palette.light.contrast(WHITE) >= READABLE);
            assert!(palette.dark.contrast(DARK) >= READABLE && palette.dark.contrast(BLACK) >= READABLE);
        }
        // What can be read stays as it is.
        assert_eq!(Palette::of(colour("#0b5fad")).light, colour("#0b5fad"));
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let style = include_str!("../../templates/style.css");
        assert!(
            style.contains(&format!("--ground: {LIGHT}")) && style.contains(&format!("--raised: {LIGHT}"))
        );
        assert!(style.contains(&format!("--raised: {DARK}")));
    }

    #[test]
    fn a_logo_is_what_its_content_says() {
        let svg = include_bytes!("../../templates/icon.svg").to_vec();
        assert!(matches!(logo(svg.clone()), Ok(Logo::Svg(_))));
        assert!(matches!(logo([PNG, b"rest"].concat()), Ok(Logo::Png(_))));
        let html = b"<html xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_vec();
        for bad in
            [Vec::new(), html, b"GIF89a".to_vec(), b"<svg/>".to_vec(), b"<!DOCTYPE svg><svg/>".to_vec()]
        {
            assert!(logo(bad).unwrap_err().contains("neither"));
        }
        assert!(logo([svg, vec![b' '; MAX_LOGO]].concat()).unwrap_err().contains("bytes"));
    }
}
