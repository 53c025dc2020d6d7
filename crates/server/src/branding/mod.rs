//! A shop's own colour, logo and words on the hosted page.

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow::<'de, str> as serde::Deserialize<'de>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
mod texts;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use texts::{Line, PageTexts, PageWords, Paragraph};

/// The largest logo, in bytes: it is part of every page, and the whole page has 30 kB.
pub const MAX_LOGO_BYTES: usize = 8 * 1024;

/// What a shop's pages look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Branding {
    /// The colour of buttons, `#rrggbb`; the text on them is black or white, whichever reads better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "#1a5fb4", pattern = "^#[0-9a-fA-F]{6}$")]
    pub accent: Option<Colour>,
    /// The logo, at most 8 KiB: `data:image/png;base64,…`, `image/webp` or `image/svg+xml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub logo: Option<Logo>,
    /// Your own words, by language tag: a language of the page, or a regional form of one. What you leave out is said in
    /// ours. Everything else on the page says what must be said, and stays.
    #[serde(default, skip_serializing_if = "PageTexts::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, PageWords>)]
    pub texts: PageTexts,
}

/// A colour, `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// A text that is no colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a colour such as \"#1a5fb4\"")]
pub struct NoColour;

impl Colour {
    /// Black or white, whichever stands out more: always at least 4.5 to 1 (WCAG 2.2, 1.4.3).
    #[must_use]
    pub fn text_on_it(self) -> Colour {
        let (white, black) = (Colour([255; 3]), Colour([0; 3]));
        if self.contrast(white) >= self.contrast(black) { white } else { black }
    }

    /// The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
    pub fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Colour {
    type Err = NoColour;

    fn from_str(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(NoColour)?;
        let [_, red, green, blue] = value.to_be_bytes();
        // `from_str_radix` would take a sign.
        if text.contains('+') { Err(NoColour) } else { Ok(Colour([red, green, blue])) }
    }
}

/// A picture as a `data:` URL that a page can show without asking anybody.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo(String);

/// A text that is no logo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected \"data:image/png;base64,…\", image/webp or image/svg+xml, of at most {MAX_LOGO_BYTES} bytes, and the \
     picture to be what it says"
)]
pub struct NoLogo;

impl Logo {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({} bytes of text)", self.0.len())
    }
}

impl FromStr for Logo {
    type Err = NoLogo;

    fn from_str(text: &str) -> Result<Self, NoLogo> {
        let (kind, data) =
            text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")).ok_or(NoLogo)?;
        let bytes = STANDARD.decode(data).ok().filter(|bytes| bytes.len() <= MAX_LOGO_BYTES).ok_or(NoLogo)?;
        let is_what_it_says = match kind {
            "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            "image/webp" => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            // Shown as a picture only, where browsers run none of its scripts.
            "image/svg+xml" => std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")),
            _ => false,
        };
        if is_what_it_says { Ok(Logo(text.to_owned())) } else { Err(NoLogo) }
    }
}

impl fmt::Display for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text! { Colour Logo }

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn text_reads_on_every_colour() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let ground = Colour([red, green, blue]);
                    assert!(ground.contrast(ground.text_on_it()) >= 4.5, "{ground}");
                }
            }
        }
        assert_eq!(colour("#000000").text_on_it(), colour("#ffffff"));
        assert_eq!(colour("#FFFF00").text_on_it(), colour("#000000"));
    }

    #[test]
    fn contrast_is_as_wcag_counts_it() {
        let ratio = colour("#777777").contrast(colour("#ffffff"));
        assert!((ratio - 4.478).abs() < 0.001, "{ratio}");
        assert!((colour("#000000").contrast(colour("#ffffff")) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_but_a_colour_gets_into_a_style() {
        for wrong in ["red", "#12345", "#1234567", "#12345g", "#+12345", "#1a5fb4;}", "1a5fb4", ""] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_logo_is_a_small_picture_of_the_kind_it_says() {
        let url = |kind: &str, bytes: &[u8]| format!("data:{kind};base64,{}", STANDARD.encode(bytes));
        let png = b"\x89PNG\r\n\x1a\nrest";
        assert!(url("image/png", png).parse::<Logo>().is_ok());
        assert!(url("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>").parse::<Logo>().is_ok());
        for wrong in [
            url("image/webp", png),
            url("image/svg+xml", b"<html>"),
            url("text/html", b"<svg"),
            url("image/png", &[png.as_slice(), &[0; MAX_LOGO_BYTES]].concat()),
            "data:image/png;base64,%%%".to_owned(),
            "https://shop.example/logo.png".to_owned(),
        ] {
            assert!(wrong.parse::<Logo>().is_err(), "{}", &wrong[..40.min(wrong.len())]);
        }
    }
}
