//! One thing that a customer approves, from the question to its end.

use super::place::Presentation;
use super::proof_check::Report;
use super::task::{Deal, Tampering, Task};
use crate::demo::countersign_client::{Transaction, Verification};

/// As the shop's database would hold it. No Debug: it holds a phone number.
#[derive(Clone)]
pub(super) struct Approval {
    /// The shop's number for it, also the transaction's id.
    pub(super) number: String,
    pub(super) task: Task,
    pub(super) asked: Asked,
    /// What the shop's records say now. Tampering changes it.
    pub(super) deal: Deal,
    /// Names the form that it came from: a form that is sent twice is one approval.
    pub(super) form: String,
    /// What ties the return from the hosted page to this approval.
    pub(super) state: String,
    pub(super) stage: Stage,
    /// Countersign's id for it; empty until it was started.
    pub(super) verification: String,
    /// The proof, from when the shop has it: where the answer of the redemption was lost, it is asked for again.
    pub(super) proof: Option<String>,
}

/// What the customer filled in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) phone: String,
    pub(super) locale: String,
    pub(super) presentation: Presentation,
    pub(super) tampering: Tampering,
    /// What she saw, and what the message says.
    pub(super) deal: Deal,
}

/// Where it stands.
#[derive(Clone)]
pub(super) enum Stage {
    /// Countersign has been asked to send a code.
    Starting,
    /// The customer must type it.
    Waiting(Waiting),
    /// It is done, after the shop verified all this.
    Done(Report),
    /// The shop or Countersign refused: the proof is not for what the shop was about to do.
    Refused(Refused),
    /// It ended in another way.
    Ended(Ended),
}

/// What the shop keeps of a pending verification.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) masked_phone: String,
    /// The link to the hosted page.
    pub(super) url: String,
    /// For the page with the element.
    pub(super) client_secret: String,
}

impl From<Verification> for Waiting {
    fn from(started: Verification) -> Self {
        Waiting {
            masked_phone: started.to,
            url: started.url.unwrap_or_default(),
            client_secret: started.client_secret.unwrap_or_default(),
        }
    }
}

/// Something that was not done.
#[derive(Clone)]
pub(super) struct Refused {
    pub(super) report: Report,
    pub(super) by: RefusedBy,
    /// What the verification's status is now, read back from Countersign.
    pub(super) status: String,
}

/// Who noticed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusedBy {
    /// The shop, when it looked at the proof.
    Shop,
    /// Countersign, when the shop redeemed it.
    Countersign,
}

/// How something ended that was neither done nor refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Expired,
    Exhausted,
    Canceled,
    Reported,
    /// The code was right, and the shop did not ask for the proof in time, or it was used.
    Unused,
}

impl Ended {
    /// Of a verification's status; nothing of one that lives or was approved.
    pub(super) fn of(status: &str) -> Option<Self> {
        match status {
            "expired" => Some(Ended::Expired),
            "exhausted" => Some(Ended::Exhausted),
            "canceled" => Some(Ended::Canceled),
            "denied" => Some(Ended::Reported),
            _ => None,
        }
    }
}

impl Approval {
    /// A new one. `random` has 128 bits for its number and 128 for what must not be guessed.
    pub(super) fn new(random: [[u8; 16]; 2], task: Task, asked: Asked, form: String) -> Self {
        Approval {
            number: format!("BB-{}", super::customer::hex(&random[0][..4]).to_uppercase()),
            task,
            deal: asked.deal.clone(),
            asked,
            form,
            state: super::customer::hex(&random[1]),
            stage: Stage::Starting,
            verification: String::new(),
            proof: None,
        }
    }

    /// What is about to be done, as the shop's records have it now.
    pub(super) fn transaction(&self) -> Option<Transaction> {
        self.deal.transaction(&self.number)
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Starting | Stage::Waiting(_))
    }

    /// The shop's page about it.
    pub(super) fn path(&self) -> String {
        format!("/shop/approvals/{}", self.number)
    }

    /// Where its customer goes on: to Countersign's page, or to the shop's.
    pub(super) fn onward(&self) -> String {
        match &self.stage {
            Stage::Waiting(waiting) if self.asked.presentation == Presentation::Page => waiting.url.clone(),
            _ => self.path(),
        }
    }
}
