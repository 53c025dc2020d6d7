//! Takes receipts that providers bring by themselves, and those that came before the answer to their
//! submission: until that is recorded, nobody knows the carrier's id.

use std::collections::VecDeque;
use std::time::Duration;

use countersign_core::time::Timestamp;
use countersign_delivery::receipt::CarrierReceipt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::usecase::{Services, UseCaseError};

/// How long a receipt about an unknown message is kept (delivery.md E: some carriers' receipts overtake
/// their responses).
const PATIENCE: Duration = Duration::from_secs(60);
/// How often those are tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many are kept; the oldest makes room.
const MOST: usize = 4096;

/// Takes receipts until `stop`.
pub async fn run(services: Services, mut receipts: mpsc::Receiver<CarrierReceipt>, stop: CancellationToken) {
    let mut early: VecDeque<(Timestamp, CarrierReceipt)> = VecDeque::new();
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            receipt = receipts.recv() => {
                let Some(receipt) = receipt else { return };
                if !is_placed(&services, &receipt).await {
                    if early.len() >= MOST {
                        early.pop_front();
                    }
                    early.push_back((services.clock.now().plus(PATIENCE), receipt));
                }
            }
            _ = interval.tick() => {
                for _ in 0..early.len() {
                    let Some((until, receipt)) = early.pop_front() else { break };
                    if !is_placed(&services, &receipt).await && services.clock.now() < until {
                        early.push_back((until, receipt));
                    }
                }
            }
        }
    }
}

/// Whether a receipt needs no other try.
async fn is_placed(services: &Services, receipt: &CarrierReceipt) -> bool {
    match services.carrier_receipt(receipt).await {
        Ok(()) => true,
        // One that names its delivery by our own id will not be known better later.
        Err(UseCaseError::NotFound(_)) => receipt.delivery.is_some() || receipt.ids.is_empty(),
        Err(error) => {
            tracing::warn!(%error, provider = %receipt.provider, "a receipt could not be taken");
            false
        }
    }
}
