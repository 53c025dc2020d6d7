//! What is read.

use countersign_core::funnel::FunnelCell;
use countersign_core::id::{AppId, VerificationId};
use countersign_core::phone::Country;
use countersign_core::presentation::PresentationMode;
use countersign_core::purpose::Purpose;
use countersign_core::subject::{Mode, Subject, SubjectKey};
use countersign_core::time::{Day, Timestamp};
use countersign_core::verification::{Status, Verification};

use crate::change::Version;

/// How a subject is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// By the blind index of its phone.
    Subject(AppId, SubjectKey),
    /// By one of its verifications, which is loaded with it even if it ended long ago.
    Verification(AppId, VerificationId),
}

/// A subject and the version it was loaded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The subject.
    pub subject: Subject,
    /// Its version.
    pub version: Version,
}

/// A pending verification that time does something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The app.
    pub app: AppId,
    /// The subject.
    pub subject: SubjectKey,
    /// The verification.
    pub verification: VerificationId,
}

/// Which verifications of an app are wanted. Filters that are absent let everything pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The app.
    pub app: AppId,
    /// Live and test do not mix.
    pub mode: Mode,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only for this purpose.
    pub purpose: Option<Purpose>,
    /// Only of this phone.
    pub subject: Option<SubjectKey>,
    /// Only started at or after, by the time in the id.
    pub created_from: Option<Timestamp>,
    /// Only started before, by the time in the id.
    pub created_before: Option<Timestamp>,
    /// Only older than this one: the last of the page before.
    pub after: Option<VerificationId>,
    /// How many: 1–[`Listing::MAX_LIMIT`]; anything else is taken for the nearest of them.
    pub limit: usize,
}

impl Listing {
    /// The most that one page holds.
    pub const MAX_LIMIT: usize = 100;

    /// The limit, brought into its bounds.
    pub fn page_size(&self) -> usize {
        self.limit.clamp(1, Self::MAX_LIMIT)
    }
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Newest first.
    pub verifications: Vec<Verification>,
    /// Whether there are more.
    pub more: bool,
}

/// Which of what may be missing is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Only<T> {
    /// Whatever there is, and what has none.
    #[default]
    All,
    /// What has none.
    Missing,
    /// This.
    Is(T),
}

impl<T: PartialEq> Only<T> {
    /// Whether this is among what is wanted.
    pub fn admits(&self, value: Option<&T>) -> bool {
        match self {
            Only::All => true,
            Only::Missing => value.is_none(),
            Only::Is(wanted) => value == Some(wanted),
        }
    }
}

/// Which figures of the funnel are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelQuery {
    /// The app.
    pub app: AppId,
    /// Live and test do not mix.
    pub mode: Mode,
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
    /// How many cells at most.
    pub limit: usize,
}

impl FunnelQuery {
    /// Whether a cell is among what is wanted.
    pub fn admits(&self, cell: &FunnelCell) -> bool {
        (cell.app, cell.mode) == (self.app, self.mode)
            && (self.from..=self.to).contains(&cell.day)
            && self.presentation.is_none_or(|presentation| presentation == cell.presentation)
            && self.country.admits(cell.country.as_ref())
            && self.provider.admits(cell.provider.as_ref())
    }
}

/// What a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SettingKind {
    /// An app.
    App,
    /// An API key.
    ApiKey,
    /// A fact about the instance: its epoch, its key ring's fingerprint.
    Instance,
}

impl SettingKind {
    /// Its word in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            SettingKind::App => "app",
            SettingKind::ApiKey => "api_key",
            SettingKind::Instance => "instance",
        }
    }
}

/// One setting: a small JSON document that the server understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its id within its kind.
    pub id: String,
    /// Its version; see [`crate::Store::put_setting`].
    pub version: Version,
    /// The document.
    pub body: String,
}

/// Figures about a store since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions written.
    pub batches: u64,
    /// Requests that were written in them.
    pub batched_requests: u64,
    /// Commits that found another version.
    pub conflicts: u64,
    /// Requests that wait for the writer now.
    pub queue_depth: u64,
    /// Size of the write-ahead log in bytes.
    pub wal_bytes: u64,
}
