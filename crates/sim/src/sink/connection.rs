//! One connection of the sink.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::answers::{self, After};
use super::faults::{Receipt, Unread, When};
use super::ledger::Shared;
use super::receipts::{Job, Poster};
use crate::load::wire::Wire;

/// What every connection has.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) shared: Shared,
    pub(super) poster: Poster,
    pub(super) later: mpsc::Sender<Job>,
}

/// Takes connections until it is dropped. The server opens at most as many as it has submissions in flight.
pub(super) async fn accept(listener: TcpListener, desk: Desk) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let desk = desk.clone();
        connections.spawn(async move {
            // A peer that hangs up is no news: what it was told is its own finding.
            let _ = desk.serve(stream).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Desk {
    async fn serve(&self, stream: TcpStream) -> anyhow::Result<()> {
        let mut wire = Wire::new(stream)?;
        if self.shared.door() == Some(Unread::AtOnce) {
            self.shared.note_unread();
            return Ok(());
        }
        while wire.comes().await? {
            if self.shared.door().is_some() {
                self.shared.note_unread();
                return wire.reset();
            }
            match self.take(&mut wire).await? {
                After::Kept => {}
                After::Closed => return Ok(()),
                After::Reset => return wire.reset(),
            }
        }
        Ok(())
    }

    async fn take(&self, wire: &mut Wire) -> anyhow::Result<After> {
        let Some(request) = wire.read().await? else { return Ok(After::Closed) };
        let Some((submission, receipts)) = self.shared.note(&request) else {
            return answers::refuse_forged(wire).await;
        };
        let is_early = |receipt: &Receipt| receipt.when == When::BeforeAnswer;
        let (early, late): (Vec<Receipt>, Vec<Receipt>) = receipts.into_iter().partition(is_early);
        for receipt in early {
            // What was not answered is written down as such.
            let _ = self.poster.post(&submission, receipt).await;
        }
        let answered = answers::answer(wire, submission.behaviour).await;
        if !late.is_empty() {
            let _ = self.later.send((submission, late)).await;
        }
        answered
    }
}
