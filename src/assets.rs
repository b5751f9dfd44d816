//! The files that pages refer to: style sheet, scripts, pictures. Each has an address made from its content, so that
//! browsers may keep it for good. Nothing in them depends on a request.

use crate::config::{Brand, Logo, Palette};
use crate::random::encode_hex;
use aws_lc_rs::digest;
use std::borrow::Cow;

const STYLE: &str = include_str!("../templates/style.css");
const ICON: &str = include_str!("../templates/icon.svg");

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Where it is, such as `/assets/style-0123456789abcdef.css`.
    pub path: String,
    /// `Content-Type`.
    pub media_type: &'static str,
    /// The file.
    pub content: Cow<'static, [u8]>,
}

impl Asset {
    fn new(
        name: &str,
        extension: &str,
        media_type: &'static str,
        content: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        let content = content.into();
        let hash = digest::digest(&digest::SHA256, &content);
        let hash: String = encode_hex(hash.as_ref()).chars().take(16).collect();
        Self { path: format!("/assets/{name}-{hash}.{extension}"), media_type, content }
    }

    fn svg(name: &str, content: impl Into<Cow<'static, [u8]>>) -> Self {
        Self::new(name, "svg", "image/svg+xml", content)
    }

    fn script(name: &str, content: &'static [u8]) -> Self {
        Self::new(name, "js", "text/javascript; charset=utf-8", content)
    }

    /// `Content-Security-Policy`, for what a browser would otherwise run when it is opened by itself.
    #[must_use]
    pub fn policy(&self) -> Option<&'static str> {
        let svg = self.media_type == "image/svg+xml";
        svg.then_some("default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
    }
}

/// All files of a gateway.
#[derive(Debug)]
pub struct Assets {
    /// The style sheet of every page.
    pub style: Asset,
    /// The icon that browsers show beside the title.
    pub icon: Asset,
    /// The picture beside the name, if there is another one than the icon.
    pub logo: Option<Asset>,
    /// Copies the request id of an error page.
    pub copy: Asset,
    /// Watches a Studio being prepared.
    pub preparing: Asset,
    /// Search and time on the page to choose where to go.
    pub choose: Asset,
}

impl Assets {
    /// Makes them.
    #[must_use]
    pub fn of(brand: &Brand) -> Self {
        Self {
            style: Asset::new("style", "css", "text/css; charset=utf-8", style(brand.palette).into_bytes()),
            icon: Asset::svg("icon", icon(brand.palette).into_bytes()),
            logo: brand.logo.as_ref().map(|logo| match logo {
                Logo::Svg(content) => Asset::svg("logo", content.clone()),
                Logo::Png(content) => Asset::new("logo", "png", "image/png", content.clone()),
            }),
            copy: Asset::script("copy", include_bytes!("../templates/copy.js")),
            preparing: Asset::script("preparing", include_bytes!("../templates/preparing.js")),
            choose: Asset::script("choose", include_bytes!("../templates/choose.js")),
        }
    }

    /// The picture beside the name.
    #[must_use]
    pub fn picture(&self) -> &Asset {
        self.logo.as_ref().unwrap_or(&self.icon)
    }

    /// The file at this address.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Asset> {
        let all = [&self.style, &self.icon, &self.copy, &self.preparing, &self.choose];
        all.into_iter().chain(&self.logo).find(|asset| asset.path == path)
    }
}

/// The brand's colours come last, and so count. They are digits that were parsed, and can close no rule.
fn style(palette: Option<Palette>) -> String {
    let Some(Palette { fill, on_fill, light, dark }) = palette else {
        return STYLE.to_owned();
    };
    format!(
        "{STYLE}:root {{ --fill: {fill}; --on-fill: {on_fill}; --accent: {light}; }}\n\
         @media (prefers-color-scheme: dark) {{ :root {{ --fill: {fill}; --on-fill: {on_fill}; --accent: {dark}; }} }}\n"
    )
}

fn icon(palette: Option<Palette>) -> String {
    match palette {
        Some(palette) => {
            ICON.replace("#0b5fad", &palette.fill.to_string()).replace("#fff", &palette.on_fill.to_string())
        }
        None => ICON.to_owned(),
    }
}
