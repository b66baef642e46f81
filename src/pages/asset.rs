//! Style sheet, script and icons, under addresses that name their content, so that browsers keep
//! them for a year and never show an old one.

use aws_lc_rs::digest;
use bytes::Bytes;

use super::Theme;
use crate::contract::SECURITY_KEY_SCRIPT;

/// Where assets are served, on every host: `/.well-known/stepgate/` is the gateway's own.
pub const ASSET_PREFIX: &str = "/.well-known/stepgate/assets/";

/// How long a browser may keep an asset. Its address changes with its content.
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

const STYLE: &str = include_str!("assets/style.css");
/// The functions of forms with keys first: the page's own part calls them.
const SCRIPT: [&str; 2] = [SECURITY_KEY_SCRIPT, include_str!("assets/script.js")];
const ICONS: &str = include_str!("assets/icons.svg");

/// A file that pages link to.
#[derive(Clone, Debug)]
pub struct Asset {
    path: String,
    content_type: &'static str,
    body: Bytes,
}

impl Asset {
    fn new(name: &str, extension: &str, content_type: &'static str, body: String) -> Self {
        let hash = digest::digest(&digest::SHA256, body.as_bytes());
        let mark: String = hash
            .as_ref()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: format!("{ASSET_PREFIX}{name}-{mark}.{extension}"),
            content_type,
            body: Bytes::from(body),
        }
    }

    /// The path that it is served at.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `Content-Type`.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// `Cache-Control`.
    #[must_use]
    pub const fn cache_control(&self) -> &'static str {
        CACHE_CONTROL
    }

    /// The file.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }
}

/// The files that pages link to, with the operator's colour in the style sheet.
#[derive(Debug)]
pub struct Assets {
    style: Asset,
    script: Asset,
    icons: Asset,
}

impl Assets {
    pub(super) fn new(theme: &Theme) -> Self {
        let style = format!("{STYLE}{}", theme.accent.style());
        Self {
            style: Asset::new("style", "css", "text/css; charset=utf-8", style),
            script: Asset::new(
                "script",
                "js",
                "text/javascript; charset=utf-8",
                SCRIPT.concat(),
            ),
            icons: Asset::new("icons", "svg", "image/svg+xml", ICONS.to_owned()),
        }
    }

    pub(super) fn find(&self, path: &str) -> Option<&Asset> {
        [&self.style, &self.script, &self.icons]
            .into_iter()
            .find(|asset| asset.path == path)
    }

    pub(super) fn addresses(&self) -> Addresses {
        Addresses {
            style: self.style.path.clone(),
            script: self.script.path.clone(),
            icons: self.icons.path.clone(),
        }
    }
}

/// What templates link to.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) style: String,
    pub(super) script: String,
    pub(super) icons: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Accent;

    #[test]
    fn an_asset_is_found_by_the_address_that_names_its_content() {
        let assets = Assets::new(&Theme::default());
        let style = assets.find(&assets.addresses().style).expect("the style");
        assert_eq!(style.content_type(), "text/css; charset=utf-8");
        assert!(
            assets
                .find("/.well-known/stepgate/assets/style.css")
                .is_none()
        );
    }

    #[test]
    fn another_accent_gives_the_style_sheet_another_address() {
        let green = Theme {
            accent: Accent::new(0.1, 160.0),
            ..Theme::default()
        };
        assert_ne!(
            Assets::new(&green).addresses().style,
            Assets::new(&Theme::default()).addresses().style
        );
    }

    #[test]
    fn the_style_sheet_and_the_script_stay_small() {
        assert!(STYLE.len() < 15_000, "{} bytes of style", STYLE.len());
        let script = SCRIPT.concat().len();
        assert!(script < 8_000, "{script} bytes of script");
    }
}
