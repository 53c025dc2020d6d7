//! How a service centre misbehaves.

use std::sync::Arc;
use std::time::Duration;

/// What is done with a `submit_sm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Takes it.
    Accept,
    /// Takes it after this time.
    AcceptAfter(Duration),
    /// Refuses it with this status, with a header only.
    Refuse(u32),
    /// Takes it and never answers.
    Silent,
    /// Takes it and answers twice.
    Twice,
    /// Answers it after the next one.
    AfterTheNext,
    /// Takes it and cuts the connection instead of an answer.
    Cut,
    /// Takes it and answers with these octets instead.
    Octets(Vec<u8>),
    /// Takes it and answers success without an id, in a header only.
    WithoutId,
    /// Answers with a generic_nack of this status.
    Nack(u32),
}

/// What a bind is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindAnswer {
    /// 0 for success.
    pub status: u32,
    /// Before it is answered.
    pub after: Duration,
}

/// How ids are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdStyle {
    /// In decimal digits.
    #[default]
    Decimal,
    /// In upper-case hexadecimal.
    Hex,
    /// In decimal, with zeros in front.
    Padded,
    /// The same for all.
    Constant,
}

impl IdStyle {
    /// The id of a number.
    pub fn write(self, number: u64) -> String {
        match self {
            IdStyle::Decimal => number.to_string(),
            IdStyle::Hex => format!("{number:X}"),
            IdStyle::Padded => format!("{number:012}"),
            IdStyle::Constant => "msg_id_not_implemented".to_owned(),
        }
    }
}

/// How a receipt says what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReceiptForm {
    /// In its text.
    #[default]
    Text,
    /// In parameters.
    Parameters,
    /// In the parameters of a `data_sm`.
    DataSm,
}

/// The receipts of messages that were taken.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// What they say: a `message_state`. A lie, where the message was lost.
    pub state: u8,
    /// How they say it.
    pub form: ReceiptForm,
    /// How they write ids.
    pub ids: IdStyle,
    /// Whether they come before the response.
    pub before_response: bool,
    /// How often each comes.
    pub copies: usize,
}

impl Default for Receipts {
    fn default() -> Self {
        Receipts {
            state: 2,
            form: ReceiptForm::Text,
            ids: IdStyle::Decimal,
            before_response: false,
            copies: 1,
        }
    }
}

/// Chooses the answer to the n-th submission, counted from 0.
pub type Choose = Arc<dyn Fn(u64) -> Answer + Send + Sync>;

/// How a service centre behaves.
#[derive(Clone)]
pub struct Faults {
    /// Its answer to binds.
    pub bind: BindAnswer,
    /// Its answer to submissions.
    pub submit: Choose,
    /// How responses write ids.
    pub ids: IdStyle,
    /// The receipts that it sends.
    pub receipts: Option<Receipts>,
    /// Its answer to query_sm: a `message_state`.
    pub query_state: u8,
    /// Whether it answers enquire_link.
    pub answers_enquire_link: bool,
    /// Whether it keeps what it receives; a benchmark does not look at it.
    pub keeps_messages: bool,
}

impl Default for Faults {
    /// None, and no receipts.
    fn default() -> Self {
        Faults {
            bind: BindAnswer::default(),
            submit: Arc::new(|_| Answer::Accept),
            ids: IdStyle::Decimal,
            receipts: None,
            query_state: 2,
            answers_enquire_link: true,
            keeps_messages: true,
        }
    }
}

impl Faults {
    /// The same answer to every submission.
    pub fn always(answer: Answer) -> Self {
        Self::choosing(move |_| answer.clone())
    }

    /// An answer chosen for each submission by its number, from 0.
    pub fn choosing(choose: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        Faults { submit: Arc::new(choose), ..Faults::default() }
    }

    /// Good answers, and these receipts.
    pub fn with_receipts(receipts: Receipts) -> Self {
        Faults { receipts: Some(receipts), ..Faults::default() }
    }
}
