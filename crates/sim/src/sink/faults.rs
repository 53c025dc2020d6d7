//! How an endpoint misbehaves.

use std::time::Duration;

/// What the sink does with a submission. It is in the ledger in any case: a phone may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it.
    Accept,
    /// Takes it after this time.
    AcceptAfter(Duration),
    /// Says that it has taken it, and no phone ever shows it.
    Lose,
    /// 422: never again.
    Refuse,
    /// 503: try again.
    Unavailable,
    /// 429: too many.
    Throttle(RetryAfter),
    /// Reads it and never answers.
    Hang,
    /// Reads it and cuts the connection.
    Cut(Cut),
    /// Answers with this status and this body.
    Answer(u16, Body),
    /// Answers with what is no answer.
    Garbage(Garbage),
}

impl Behaviour {
    /// Whether the message may be on the phone afterwards, whatever the answer says.
    pub const fn may_reach_phone(self) -> bool {
        match self {
            Behaviour::Lose | Behaviour::Refuse | Behaviour::Unavailable | Behaviour::Throttle(_) => false,
            Behaviour::Answer(status, _) => status / 100 == 2,
            Behaviour::Accept
            | Behaviour::AcceptAfter(_)
            | Behaviour::Hang
            | Behaviour::Cut(_)
            | Behaviour::Garbage(_) => true,
        }
    }

    /// Whether its answer says clearly that the message was not taken.
    pub const fn turns_away(self) -> bool {
        !self.may_reach_phone() && !matches!(self, Behaviour::Lose)
    }
}

/// What a 429 says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Unsaid,
    /// In so many seconds.
    Seconds(u32),
    /// In so many seconds, written as a date (RFC 9110 §5.6.7).
    Date(u32),
    /// Something that is neither.
    Unreadable,
}

/// Where a connection is cut once the request was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before anything is answered, with a reset.
    Unanswered,
    /// Within the status line.
    InStatus,
    /// Within the head, after a status line that says 200.
    InHead,
    /// Within the body, after a head that says 200.
    InBody,
}

/// When a connection is cut before anything of the request was read: nobody has the message then, and nobody
/// knows for whom it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// As soon as it is made.
    AtOnce,
    /// When the first octet of the request has come.
    AtFirstOctet,
}

/// The body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// This, as JSON.
    Json(&'static str),
    /// A page for people.
    Html,
    /// Octets that are no text, and say that they are an image.
    Binary,
    /// JSON that ends before its end, whole as far as HTTP goes.
    HalfJson,
    /// Eight mebibytes, announced.
    Oversized,
    /// Without end, as fast as it is read.
    Endless,
    /// Without end, an octet now and then.
    Trickle,
}

/// What is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// The greeting of another protocol.
    OtherProtocol,
    /// Octets without a meaning.
    Noise,
    /// A head whose lines never end.
    EndlessHead,
    /// "100 Continue", again and again.
    EndlessContinue,
    /// A good answer, and a refusal behind it that nobody asked for.
    TwoAnswers,
}

/// A callback about a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it says: `delivered`, `failed` or `buffered`. A lie, where the message was lost.
    pub status: &'static str,
    /// When it is posted.
    pub when: When,
    /// How often it is posted.
    pub copies: usize,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

impl Receipt {
    /// A genuine one, posted once the submission was answered.
    pub const fn of(status: &'static str) -> Self {
        Receipt { status, when: When::After(Duration::ZERO), copies: 1, flaw: None }
    }

    /// Posted, and its answer awaited, before the submission is answered.
    #[must_use]
    pub const fn before_the_answer(self) -> Self {
        Receipt { when: When::BeforeAnswer, ..self }
    }

    /// Posted so many times.
    #[must_use]
    pub const fn times(self, copies: usize) -> Self {
        Receipt { copies, ..self }
    }

    /// With something wrong.
    #[must_use]
    pub const fn with(self, flaw: Flaw) -> Self {
        Receipt { flaw: Some(flaw), ..self }
    }
}

/// When a receipt is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the submission is answered.
    BeforeAnswer,
    /// So long after that, and after the receipt before it.
    After(Duration),
}

/// What is wrong with a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nobody signed it.
    Unsigned,
    /// Signed with another secret.
    Forged,
    /// The signature of a receipt that says something else.
    Altered,
    /// Signed an hour ago.
    Stale,
    /// Genuine, about a message that nobody sent.
    Foreign,
    /// Signed garbage.
    Garbage,
    /// Signed, and longer than any receipt.
    TooLong,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 7] = [
        Flaw::Unsigned,
        Flaw::Forged,
        Flaw::Altered,
        Flaw::Stale,
        Flaw::Foreign,
        Flaw::Garbage,
        Flaw::TooLong,
    ];
}
