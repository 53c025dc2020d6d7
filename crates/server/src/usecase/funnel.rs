//! Funnel: how far customers come.

use countersign_core::funnel::{FunnelCount, FunnelStep};
use countersign_core::phone::Country;
use countersign_core::presentation::PresentationMode;
use countersign_core::time::Day;
use countersign_core::verification::Verification;
use countersign_store::{FunnelQuery, Store as _};
use serde::Deserialize;
use utoipa::ToSchema;

pub use countersign_store::Only;

use super::browser::Visitor;
use super::{Caller, Services, UseCaseError};

/// Days that are read at a time.
pub const MAX_DAYS: u16 = 92;
/// Rows that are read at a time.
pub const MAX_ROWS: usize = 10_000;

/// Steps that only a browser knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BrowserStep {
    /// The field for the code is on the screen.
    Shown,
    /// The first character of the code is in it.
    FirstDigit,
}

impl BrowserStep {
    /// By its word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "shown" => Some(BrowserStep::Shown),
            "first_digit" => Some(BrowserStep::FirstDigit),
            _ => None,
        }
    }
}

impl From<BrowserStep> for FunnelStep {
    fn from(step: BrowserStep) -> Self {
        match step {
            BrowserStep::Shown => FunnelStep::Shown,
            BrowserStep::FirstDigit => FunnelStep::FirstDigit,
        }
    }
}

/// Which figures are wanted.
pub struct FunnelFilter {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Only of this presentation.
    pub presentation: Option<PresentationMode>,
    /// Only of phones of this country.
    pub country: Only<Country>,
    /// Only of this provider.
    pub provider: Only<String>,
}

impl Services {
    /// A browser says how far its customer came: counted once.
    pub async fn browser_reached(&self, visitor: &Visitor, step: BrowserStep) -> Result<(), UseCaseError> {
        let verification = self.find(&visitor.caller, visitor.verification).await?;
        self.count_reached(visitor, &verification, step);
        Ok(())
    }

    /// The same of a verification that is known already. What comes when its code has ended is not believed: by then
    /// it may be forgotten what was counted.
    pub fn count_reached(&self, visitor: &Visitor, verification: &Verification, step: BrowserStep) {
        let now = self.clock.now();
        // Approved or not: a browser may tell of the first digit when its code was already checked.
        if now < verification.expires_at {
            self.funnel.reached(visitor.caller.app.id, verification, step.into(), now);
        }
    }

    /// Figures of the caller's app and mode, those of the last seconds aside; nothing where there are more than
    /// [`MAX_ROWS`].
    pub async fn funnel(
        &self,
        caller: &Caller,
        filter: FunnelFilter,
    ) -> Result<Option<Vec<FunnelCount>>, UseCaseError> {
        let FunnelFilter { from, to, presentation, country, provider } = filter;
        let (app, mode) = (caller.app.id, caller.mode);
        let limit = MAX_ROWS + 1;
        let query = FunnelQuery { app, mode, from, to, presentation, country, provider, limit };
        let rows = self.store.funnel(query).await?;
        Ok((rows.len() <= MAX_ROWS).then_some(rows))
    }
}
