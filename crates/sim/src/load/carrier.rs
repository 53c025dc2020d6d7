//! The carrier of the load: takes messages and hands each code to the client that waits for it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::wire::{Wire, quoted};
use crate::phones;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// Where codes arrive. The phone with the index `i` belongs to the mailbox `i % mailboxes`.
pub struct Mailboxes {
    boxes: Vec<Mailbox>,
    received: AtomicU64,
}

#[derive(Default)]
struct Mailbox {
    /// Phones given out.
    given: AtomicU64,
    /// The phone's index and the code.
    last: Mutex<Option<(u64, String)>>,
    arrived: Notify,
}

impl Mailboxes {
    /// So many.
    pub fn new(count: usize) -> Arc<Self> {
        let boxes = (0..count).map(|_| Mailbox::default()).collect();
        Arc::new(Mailboxes { boxes, received: AtomicU64::new(0) })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.boxes.len()
    }

    /// Messages received so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The index of a phone that was not used before and whose messages arrive in this mailbox.
    pub fn next_phone(&self, mailbox: usize) -> anyhow::Result<u64> {
        let own = self.boxes.get(mailbox).context("there is no such mailbox")?;
        let round = own.given.fetch_add(1, Ordering::Relaxed);
        Ok(round * u64::try_from(self.boxes.len())? + u64::try_from(mailbox)?)
    }

    /// Waits for the code sent to the phone with this index. One waits at a mailbox at a time.
    pub async fn code(&self, phone: u64) -> anyhow::Result<String> {
        let mailbox = self.mailbox(phone).context("there is no such mailbox")?;
        loop {
            {
                let mut last = mailbox.last.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, code)) = last.take_if(|(to, _)| *to == phone) {
                    return Ok(code);
                }
            }
            // A notice that comes before the wait is kept.
            mailbox.arrived.notified().await;
        }
    }

    fn mailbox(&self, phone: u64) -> Option<&Mailbox> {
        self.boxes.get(usize::try_from(phone).ok()? % self.boxes.len().max(1))
    }

    fn deliver(&self, body: &[u8]) -> anyhow::Result<()> {
        let phone = quoted(body, "\"to\":\"").and_then(phones::index).context("a message to nobody")?;
        let text = quoted(body, "\"text\":\"").context("a message without text")?;
        let code = code_in(text).context("a message without a code")?.to_owned();
        self.received.fetch_add(1, Ordering::Relaxed);
        if let Some(mailbox) = self.mailbox(phone) {
            *mailbox.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((phone, code));
            mailbox.arrived.notify_one();
        }
        Ok(())
    }
}

/// The first run of exactly six digits.
pub fn code_in(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 6)
}

/// Takes messages until it is dropped.
pub struct Carrier {
    /// Where it listens.
    pub address: SocketAddr,
    /// Stops all of it when dropped.
    _tasks: JoinSet<()>,
}

impl Carrier {
    /// Starts one on a free port.
    pub async fn start(mailboxes: Arc<Mailboxes>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // The server opens at most as many connections as it has submissions in flight.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let mailboxes = Arc::clone(&mailboxes);
                connections.spawn(async move {
                    // A message that cannot be read ends its connection; its client then waits in vain
                    // and the load reports that.
                    let _ = take_messages(stream, &mailboxes).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Carrier { address, _tasks: tasks })
    }
}

async fn take_messages(stream: tokio::net::TcpStream, mailboxes: &Mailboxes) -> anyhow::Result<()> {
    let mut wire = Wire::new(stream)?;
    while let Some(message) = wire.read().await? {
        mailboxes.deliver(message.body)?;
        wire.write(ANSWER).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_between_other_digits() {
        assert_eq!(code_in("Sim: 012345 is your code, 10 min."), Some("012345"));
        assert_eq!(code_in("1234567 12345"), None);
    }
}
