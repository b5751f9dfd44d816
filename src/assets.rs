//! The files that pages refer to: style sheet, scripts, pictures. Each has an address made from its content, so that
//! browsers may keep it for good. Nothing in them depends on a request.

use crate::random::encode_hex;
use aws_lc_rs::digest;
use std::borrow::Cow;

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
}

/// All files of a gateway.
#[derive(Debug)]
pub struct Assets {
    /// The style sheet of every page.
    pub style: Asset,
    /// The icon that browsers show beside the title.
    pub icon: Asset,
    /// Copies the request id of an error page.
    pub copy: Asset,
    /// Watches a Studio being prepared.
    pub preparing: Asset,
    /// Search and time on the page to choose where to go.
    pub choose: Asset,
}

impl Default for Assets {
    fn default() -> Self {
        Self {
            style: Asset::new(
                "style",
                "css",
                "text/css; charset=utf-8",
                include_bytes!("../templates/style.css").as_slice(),
            ),
            icon: Asset::new(
                "icon",
                "svg",
                "image/svg+xml",
                include_bytes!("../templates/icon.svg").as_slice(),
            ),
            copy: script("copy", include_bytes!("../templates/copy.js")),
            preparing: script("preparing", include_bytes!("../templates/preparing.js")),
            choose: script("choose", include_bytes!("../templates/choose.js")),
        }
    }
}

impl Assets {
    /// The file at this address.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Asset> {
        [&self.style, &self.icon, &self.copy, &self.preparing, &self.choose]
            .into_iter()
            .find(|asset| asset.path == path)
    }
}

fn script(name: &str, content: &'static [u8]) -> Asset {
    Asset::new(name, "js", "text/javascript; charset=utf-8", content)
}
