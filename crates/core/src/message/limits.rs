//! What an app lets its messages cost, and what may be done to keep to it.

use serde::{Deserialize, Serialize};

use super::{Budget, CarrierAlphabet, MAX_TEMPLATE_SEGMENTS, Permission, Reader};
use crate::price::Price;

/// The most segments that an app may ask for.
pub const MOST_SEGMENTS: u8 = 6;

/// How large the messages of one app may get. The fullest form that keeps to it is sent; see
/// [`plan()`](super::plan()).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageLimits {
    /// Segments of one message: 1 to [`MOST_SEGMENTS`].
    pub max_segments: u8,
    /// What one message may cost by the price list. No limit where the list has no price, or prices in
    /// another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<Price>,
    /// The built-in short sentence in place of the built-in full text.
    pub short_text: Permission,
    /// Letters without the accents that the carrier's alphabet lacks.
    pub accent_free: Permission,
}

impl Default for MessageLimits {
    /// Two segments, as the app's own texts may have: the advice not to share the code stays wherever the
    /// language lets it.
    fn default() -> Self {
        MessageLimits {
            max_segments: u8::try_from(MAX_TEMPLATE_SEGMENTS).unwrap_or(MOST_SEGMENTS),
            max_price: None,
            short_text: Permission::Allowed,
            accent_free: Permission::Refused,
        }
    }
}

impl MessageLimits {
    /// The budget of one message on one route.
    pub fn budget(&self, segment_price: Option<Price>, alphabet: CarrierAlphabet, reader: Reader) -> Budget {
        Budget {
            max_segments: usize::from(self.max_segments),
            segment_price,
            max_cost: self.max_price,
            short: self.short_text,
            accent_free: self.accent_free,
            alphabet,
            reader,
        }
    }

    /// What is wrong with them, in words for whoever wrote them.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MOST_SEGMENTS).contains(&self.max_segments) {
            return Err(format!("max_segments is 1 to {MOST_SEGMENTS}"));
        }
        Ok(())
    }
}
