//! One connection of a client.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::BytesMut;
use countersign_delivery::smpp::pdu::{
    Address, Bind, BindResp, Cancel, Data, Frame, Pdu, Query, QueryResp, Role, ShortMessage, Taken, Tlv,
    decode, drain_frames, encode, tag,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::faults::{Answer, Faults, ReceiptForm, Receipts};
use super::{Center, Received, SYSTEM_ID};
use crate::clock;

/// Octets for a client that wait for their turn.
const LATER: usize = 4_096;

/// ESME_RINVPASWD, ESME_RINVSYSID, ESME_RINVBNDSTS, ESME_RINVCMDID.
const WRONG_PASSWORD: u32 = 0x0e;
const WRONG_SYSTEM_ID: u32 = 0x0f;
const WRONG_STATE: u32 = 0x04;
const UNKNOWN_COMMAND: u32 = 0x03;

struct Connection<'a> {
    number: u64,
    center: &'a Center,
    faults: Faults,
    bound: Option<Role>,
    /// Octets for the next write.
    out: Vec<u8>,
    later: mpsc::Sender<Vec<u8>>,
    delayed: JoinSet<()>,
    after_the_next: Vec<u8>,
    unanswered: u64,
    most_unanswered: u64,
    submitted: u64,
    next_sequence_number: u32,
    cut: bool,
}

pub(super) async fn serve(mut stream: TcpStream, number: u64, center: &Center) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (later, mut due) = mpsc::channel::<Vec<u8>>(LATER);
    let mut frozen = center.frozen.subscribe();
    let mut cuts = center.cuts.subscribe();
    let mut connection = Connection {
        number,
        center,
        faults: center.faults(),
        bound: None,
        out: Vec::new(),
        later,
        delayed: JoinSet::new(),
        after_the_next: Vec::new(),
        unanswered: 0,
        most_unanswered: 0,
        submitted: 0,
        next_sequence_number: 1,
        cut: false,
    };
    let mut inbox = BytesMut::with_capacity(256 * 1024);
    loop {
        // One that has died neither reads nor writes, and closes nothing.
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return Ok(());
        }
        tokio::select! {
            read = stream.read_buf(&mut inbox) => {
                if read? == 0 {
                    return Ok(());
                }
                if *frozen.borrow() {
                    continue;
                }
                connection.on_octets(&mut inbox).await?;
            }
            Some(octets) = due.recv() => {
                connection.out.extend(octets);
                connection.unanswered = connection.unanswered.saturating_sub(1);
            }
            // With octets unread it resets, as one does that breaks.
            _ = cuts.changed() => return Ok(()),
            changed = frozen.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                continue;
            }
        }
        if connection.cut {
            // Closed with octets unread, it resets, as a process that is killed does.
            return Ok(());
        }
        let written = stream.write_all(&connection.out).await;
        connection.out.clear();
        written?;
    }
}

impl Connection<'_> {
    async fn on_octets(&mut self, inbox: &mut BytesMut) -> io::Result<()> {
        self.faults = self.center.faults();
        let mut binds = Vec::new();
        let cut = drain_frames(inbox, |frame| {
            if !self.is_quick(&frame) {
                match decode(&frame).pdu {
                    Pdu::Bind(role, bind) => binds.push((frame.header.sequence_number, role, bind)),
                    pdu => self.on_pdu(&frame, pdu),
                }
            }
            if self.cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        inbox.reserve(256 * 1024);
        for (sequence_number, role, bind) in binds {
            self.on_bind(sequence_number, role, &bind).await;
        }
        let submitted = std::mem::take(&mut self.submitted);
        if submitted > 0 {
            let most = self.most_unanswered;
            self.center.count(|counts| {
                counts.submitted += submitted;
                counts.most_unanswered = counts.most_unanswered.max(most);
            });
        }
        cut.map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn write(&mut self, pdu: &Pdu, status: u32, sequence_number: u32) {
        let written = encode(pdu, status, sequence_number, &mut self.out);
        debug_assert!(written.is_ok(), "a service centre writes what can be written");
    }

    /// A benchmark's submission: answered without a look at it.
    fn is_quick(&mut self, frame: &Frame<'_>) -> bool {
        if self.faults.keeps_messages || frame.header.command_id != 0x04 || self.bound.is_none() {
            return false;
        }
        let number = self.center.next_submission();
        self.submitted += 1;
        match (self.faults.submit)(number) {
            Answer::Accept => {
                let message_id = self.faults.ids.write(number).as_str().into();
                let taken = Taken { message_id, tlvs: Vec::new() };
                self.write(&Pdu::SubmitSmResp(taken), 0, frame.header.sequence_number);
            }
            answer => self.on_answer(answer, number, frame.header.sequence_number),
        }
        true
    }

    async fn on_bind(&mut self, sequence_number: u32, role: Role, bind: &Bind) {
        tokio::time::sleep(self.faults.bind.after).await;
        let status = match self.faults.bind.status {
            0 if &*bind.system_id != SYSTEM_ID.as_bytes() => WRONG_SYSTEM_ID,
            0 if &*bind.password != self.center.password.as_bytes() => WRONG_PASSWORD,
            status => status,
        };
        if status == 0 {
            self.bound = Some(role);
            self.center.enter(self.number, role, &self.later);
            self.center.count(|counts| counts.binds += 1);
        }
        let version = Tlv { tag: tag::SC_INTERFACE_VERSION, value: vec![0x34].into() };
        let response = BindResp { system_id: "sim".into(), tlvs: vec![version] };
        self.write(&Pdu::BindResp(role, response), status, sequence_number);
    }

    fn on_pdu(&mut self, frame: &Frame<'_>, pdu: Pdu) {
        let (number, status) = (frame.header.sequence_number, frame.header.command_status);
        match pdu {
            Pdu::EnquireLink => {
                self.center.count(|counts| counts.enquiries += 1);
                if self.faults.answers_enquire_link {
                    self.write(&Pdu::EnquireLinkResp, 0, number);
                }
            }
            Pdu::Unbind => {
                self.center.count(|counts| counts.unbinds += 1);
                self.write(&Pdu::UnbindResp, 0, number);
            }
            Pdu::SubmitSm(_) if !self.bound.is_some_and(Role::sends) => {
                self.write(&Pdu::SubmitSmResp(Taken::default()), WRONG_STATE, number);
            }
            Pdu::SubmitSm(message) => self.on_submit(number, *message),
            Pdu::QuerySm(query) => self.on_query(number, query),
            Pdu::CancelSm(cancel) => self.on_cancel(number, &cancel),
            Pdu::DeliverSmResp(_) | Pdu::DataSmResp(_) if status == 0 => {
                self.center.count(|counts| counts.receipts_taken += 1);
            }
            Pdu::DeliverSmResp(_) | Pdu::DataSmResp(_) => {
                self.center.count(|counts| counts.receipts_refused += 1);
            }
            Pdu::GenericNack => self.center.count(|counts| counts.nacks += 1),
            Pdu::EnquireLinkResp | Pdu::UnbindResp => {}
            _ => self.write(&Pdu::GenericNack, UNKNOWN_COMMAND, number),
        }
    }

    fn on_query(&mut self, sequence_number: u32, query: Query) {
        self.center.count(|counts| counts.queries += 1);
        // ESME_RQUERYFAIL for what nobody ever submitted, or not with this sender (§4.8.1).
        let status = if self.knows(&query.message_id, &query.source) { 0 } else { 0x67 };
        let message_state = self.faults.query_state;
        let response = QueryResp { message_id: query.message_id, message_state, ..QueryResp::default() };
        self.write(&Pdu::QuerySmResp(response), status, sequence_number);
    }

    fn knows(&self, id: &[u8], source: &Address) -> bool {
        let ids = self.faults.ids;
        self.center
            .has(|received| ids.write(received.id).as_bytes() == id && received.message.source == *source)
    }

    fn on_cancel(&mut self, sequence_number: u32, cancel: &Cancel) {
        self.center.count(|counts| counts.cancels += 1);
        // ESME_RCANCELFAIL for what nobody ever submitted, or not with this sender (§4.9.1).
        let status = if self.knows(&cancel.message_id, &cancel.source) { 0 } else { 0x11 };
        self.write(&Pdu::CancelSmResp, status, sequence_number);
    }

    fn on_submit(&mut self, sequence_number: u32, message: ShortMessage) {
        let id = self.center.next_submission();
        self.submitted += 1;
        self.unanswered += 1;
        self.most_unanswered = self.most_unanswered.max(self.unanswered);
        let (source, destination) = (message.source.clone(), message.destination.clone());
        let wants_receipt = message.registered_delivery != 0;
        let data_coding = message.data_coding;
        let (begun_ms, begun) = (clock::unix_ms(), clock::instant());
        let connection = self.number;
        self.center.keep(Received { connection, sequence_number, id, message, data_coding, begun_ms, begun });
        let answer = (self.faults.submit)(id);
        let refused = matches!(answer, Answer::Refuse(_) | Answer::Nack(_));
        let waits = if let Answer::AcceptAfter(wait) = answer { wait } else { Duration::ZERO };
        let receipts = self.faults.receipts.clone().filter(|_| wants_receipt && !refused);
        let before = receipts.as_ref().is_some_and(|receipts| receipts.before_response);
        if before && let Some(receipts) = &receipts {
            self.send_receipts(receipts, id, &source, &destination, Duration::ZERO);
        }
        self.on_answer(answer, id, sequence_number);
        if !before && let Some(receipts) = &receipts {
            self.send_receipts(receipts, id, &source, &destination, waits);
        }
    }

    fn on_answer(&mut self, answer: Answer, id: u64, sequence_number: u32) {
        let message_id = self.faults.ids.write(id).as_str().into();
        let taken = Pdu::SubmitSmResp(Taken { message_id, tlvs: Vec::new() });
        let held = std::mem::take(&mut self.after_the_next);
        let start = self.out.len();
        match answer {
            Answer::Silent => self.unanswered += 1,
            Answer::Cut => self.cut = true,
            Answer::Accept => self.write(&taken, 0, sequence_number),
            Answer::Twice => {
                self.write(&taken, 0, sequence_number);
                self.write(&taken, 0, sequence_number);
            }
            Answer::AcceptAfter(wait) => {
                self.write(&taken, 0, sequence_number);
                let octets = self.out.split_off(start);
                let later = self.later.clone();
                self.unanswered += 1;
                self.delayed.spawn(async move {
                    tokio::time::sleep(wait).await;
                    // The connection may have ended meanwhile.
                    let _ = later.send(octets).await;
                });
                while self.delayed.try_join_next().is_some() {}
            }
            Answer::AfterTheNext => {
                self.write(&taken, 0, sequence_number);
                self.after_the_next = self.out.split_off(start);
            }
            Answer::Refuse(status) => header_only(0x8000_0004, status, sequence_number, &mut self.out),
            Answer::WithoutId => header_only(0x8000_0004, 0, sequence_number, &mut self.out),
            Answer::Nack(status) => self.write(&Pdu::GenericNack, status, sequence_number),
            Answer::Octets(octets) => self.out.extend(octets),
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        self.out.extend(held);
    }

    fn send_receipts(
        &mut self,
        receipts: &Receipts,
        id: u64,
        source: &Address,
        destination: &Address,
        after: Duration,
    ) {
        let id = receipts.ids.write(id);
        for _ in 0..receipts.copies {
            let sequence_number = self.next_sequence_number;
            self.next_sequence_number += 1;
            // A receipt goes the other way.
            let pdu = receipt(receipts, &id, destination.clone(), source.clone());
            let mut octets = Vec::new();
            let written = encode(&pdu, 0, sequence_number, &mut octets);
            debug_assert!(written.is_ok());
            if self.bound == Some(Role::Transceiver) && !after.is_zero() {
                let later = self.later.clone();
                self.unanswered += 1;
                self.delayed.spawn(async move {
                    // Behind the answer that waits as long.
                    tokio::time::sleep(after + Duration::from_millis(1)).await;
                    // The connection may have ended meanwhile.
                    let _ = later.send(octets).await;
                });
            } else if self.bound == Some(Role::Transceiver) {
                self.out.extend(octets);
            } else if let Some(receiver) = self.center.receiver(self.number) {
                // One that is full loses it, as real ones do.
                let _ = receiver.try_send(octets);
            }
        }
    }
}

/// An answer of a header alone.
fn header_only(command_id: u32, status: u32, sequence_number: u32, out: &mut Vec<u8>) {
    out.extend([16, command_id, status, sequence_number].into_iter().flat_map(u32::to_be_bytes));
}

const WORDS: [&str; 10] = [
    "SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD",
    "SKIPPED",
];

fn receipt(receipts: &Receipts, id: &str, source: Address, destination: Address) -> Pdu {
    let word = WORDS.get(usize::from(receipts.state)).copied().unwrap_or("???");
    let error = if receipts.state == 2 { "000" } else { "012" };
    let text = format!(
        "id:{id} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:{word} err:{error} text:"
    );
    let tlvs = vec![
        Tlv { tag: tag::RECEIPTED_MESSAGE_ID, value: id.bytes().chain([0]).collect::<Vec<u8>>().into() },
        Tlv { tag: tag::MESSAGE_STATE, value: vec![receipts.state].into() },
    ];
    match receipts.form {
        ReceiptForm::Text => Pdu::DeliverSm(Box::new(ShortMessage {
            source,
            destination,
            esm_class: 4,
            short_message: text.as_str().into(),
            ..ShortMessage::default()
        })),
        ReceiptForm::Parameters => Pdu::DeliverSm(Box::new(ShortMessage {
            source,
            destination,
            esm_class: 4,
            tlvs,
            ..ShortMessage::default()
        })),
        ReceiptForm::DataSm => {
            Pdu::DataSm(Box::new(Data { source, destination, esm_class: 4, tlvs, ..Data::default() }))
        }
    }
}
