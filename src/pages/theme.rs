//! Name, logo and colour of the operator.

/// What an operator may set about the look of pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Shown above the card and in titles.
    pub name: String,
    /// Address of a logo on the page's own host, or a `data:` image; `None` shows a plain mark.
    pub logo: Option<String>,
    /// The one accent colour.
    pub accent: Accent,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            name: "Stepgate".to_owned(),
            logo: None,
            accent: Accent::default(),
        }
    }
}

/// The accent colour in OKLCH. Its lightness is not for choosing: the style sheet sets it for the
/// light and the dark theme so that text on it and in it keeps a contrast of 4.5:1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accent {
    chroma: f32,
    hue: f32,
}

impl Accent {
    /// More chroma than this leaves what screens can show at the lightness we use.
    const MAX_CHROMA: f32 = 0.2;

    /// A colour by chroma (0 is grey, 0.2 the strongest; more is cut to that) and hue in degrees.
    #[must_use]
    pub fn new(chroma: f32, hue: f32) -> Self {
        let sound = |value: f32| if value.is_finite() { value } else { 0.0 };
        Self {
            chroma: sound(chroma).clamp(0.0, Self::MAX_CHROMA),
            hue: sound(hue).rem_euclid(360.0),
        }
    }

    /// The custom properties that the style sheet reads.
    pub(super) fn style(self) -> String {
        format!(
            ":root{{--accent-chroma:{:.3};--accent-hue:{:.1}}}\n",
            self.chroma, self.hue
        )
    }
}

impl Default for Accent {
    fn default() -> Self {
        Self::new(0.16, 262.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accent_stays_within_what_screens_can_show() {
        assert_eq!(
            Accent::new(3.0, -90.0).style(),
            ":root{--accent-chroma:0.200;--accent-hue:270.0}\n"
        );
        assert_eq!(
            Accent::new(f32::NAN, f32::INFINITY).style(),
            ":root{--accent-chroma:0.000;--accent-hue:0.0}\n"
        );
    }
}
