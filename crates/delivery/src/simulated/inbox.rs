//! What the simulated phone shows.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use countersign_core::id::{AppId, DeliveryId};
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;

use crate::provider::Outgoing;
use crate::simulated::Autofill;

/// A message as it arrived. Shows its code to whoever may look at the simulated phone; its Debug
/// does not.
#[derive(Clone, PartialEq, Eq)]
pub struct InboxMessage {
    /// Counts arrivals over all numbers, from one: orders messages, and names one in a page.
    pub sequence: u64,
    /// The delivery; copies share it.
    pub delivery: DeliveryId,
    /// The app that sent it.
    pub app: AppId,
    /// Whom it reached.
    pub to: E164,
    /// How it travelled.
    pub channel: Channel,
    /// Whom it says that it comes from.
    pub sender: Option<String>,
    /// The text.
    pub text: String,
    /// How the text is encoded on the air, and how many segments it fills.
    pub measure: Measure,
    /// What the phone would offer to fill in, if a line of the text says so.
    pub autofill: Option<Autofill>,
    /// When it arrived.
    pub received_at: Timestamp,
}

impl InboxMessage {
    pub(super) fn of(message: &Outgoing<'_>, received_at: Timestamp) -> Self {
        let text = message.text.expose();
        InboxMessage {
            sequence: 0,
            delivery: message.delivery,
            app: message.app,
            to: message.to.clone(),
            channel: message.channel,
            sender: message.sender.map(|sender| sender.as_str().to_owned()),
            text: text.to_owned(),
            measure: message.measure,
            autofill: Autofill::of(text),
            received_at,
        }
    }
}

impl fmt::Debug for InboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxMessage")
            .field("sequence", &self.sequence)
            .field("delivery", &self.delivery)
            .field("measure", &self.measure)
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// A number with an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxSummary {
    /// The number.
    pub number: E164,
    /// Messages in its inbox.
    pub messages: usize,
    /// When the latest arrived.
    pub latest_at: Timestamp,
}

/// The inboxes of all numbers, bounded both ways.
pub(super) struct Inboxes {
    max_numbers: usize,
    max_messages: usize,
    arrivals: u64,
    by_number: HashMap<E164, VecDeque<Arc<InboxMessage>>>,
}

impl Inboxes {
    pub(super) fn new(max_numbers: usize, max_messages: usize) -> Self {
        Inboxes {
            max_numbers: max_numbers.max(1),
            max_messages: max_messages.max(1),
            arrivals: 0,
            by_number: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, mut message: InboxMessage) -> Arc<InboxMessage> {
        self.arrivals += 1;
        message.sequence = self.arrivals;
        if self.by_number.len() >= self.max_numbers && !self.by_number.contains_key(&message.to) {
            self.drop_quietest();
        }
        let number = message.to.clone();
        let message = Arc::new(message);
        let inbox = self.by_number.entry(number).or_default();
        if inbox.len() >= self.max_messages {
            inbox.pop_front();
        }
        inbox.push_back(Arc::clone(&message));
        message
    }

    /// Looks at every number: there are few, and only a new one beyond the bound asks for it.
    fn drop_quietest(&mut self) {
        let quietest = self.by_number.iter().min_by_key(|(_, inbox)| inbox.back().map(|last| last.sequence));
        if let Some(number) = quietest.map(|(number, _)| number.clone()) {
            self.by_number.remove(&number);
        }
    }

    pub(super) fn of(&self, number: &E164) -> Vec<Arc<InboxMessage>> {
        self.by_number.get(number).map(|inbox| inbox.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn summaries(&self) -> Vec<InboxSummary> {
        let mut latest: Vec<(&VecDeque<_>, &Arc<InboxMessage>)> =
            self.by_number.values().filter_map(|inbox| Some((inbox, inbox.back()?))).collect();
        latest.sort_by_key(|(_, last)| std::cmp::Reverse(last.sequence));
        latest
            .into_iter()
            .map(|(inbox, last)| InboxSummary {
                number: last.to.clone(),
                messages: inbox.len(),
                latest_at: last.received_at,
            })
            .collect()
    }
}
