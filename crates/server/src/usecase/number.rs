//! Number: a page on which the customer gives her number herself.
//!
//! What the shop asks of that number is sealed into the link and then into the browser's cookie; the store learns of
//! a page when its link is opened, and of a number when one is given. The numbers of a page are remembered in order,
//! as tags, in the store's idempotency keys: who reserves a place in that order first has it, so that it is known which
//! verification another number ends. Those of a session are remembered the same way, so that no more are given than may
//! be. A place whose verification never came to be, because a limit or a crash was in the way, counts for nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::browser::PageSession;
use countersign_core::id::{PageId, Partition, VerificationId};
use countersign_core::page::{MAX_NUMBERS, MAX_TERMS_BYTES, MAX_TURNS, OpenedPage, PageGrant};
use countersign_core::phone::{Country, E164, InvalidPhone};
use countersign_core::proof::SessionHash;
use countersign_core::step::{Command, Outcome, Refusal, Start};
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, CommandId, Status, Verification};
use countersign_store::{IDEMPOTENCY_LIFETIME, IdempotencyRecord, Reserved, Store as _};
use serde::{Deserialize, Serialize};

use super::admit::Client;
use super::browser::{BROWSER_ACCESS, is_told_nothing};
use super::terms::Terms;
use super::{Caller, Services, UseCaseError};
use crate::engine::{Job, Target};

/// What a page asks, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Draft {
    /// Where numbers without a country code belong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Country>,
    terms: Terms,
}

/// A page that was made.
pub struct NewPage {
    /// Its name, for logs and support.
    pub page: PageId,
    /// Its link: opens once.
    pub url: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// A page that a browser may see.
pub struct NumberPage {
    /// The app and mode.
    pub caller: Caller,
    /// Which page.
    pub grant: PageGrant,
    /// What is asked of the number.
    pub terms: Terms,
    /// Where numbers without a country code belong.
    pub region: Option<Country>,
}

/// Whether a link opens a page.
pub enum EnteredPage {
    /// It does, for this browser from now on.
    First(OpenedPage, Box<NumberPage>),
    /// This browser came through it before.
    Again(PageGrant),
    /// Somebody else did, it is too old, or it is none.
    Closed,
}

/// What a given number came to.
pub enum Given {
    /// To its verification, which the browser may see.
    Verification(PageSession),
    /// To nothing; why is told to no browser.
    Refused(WhyRefused),
}

/// Where a number stands among those of its page.
enum Placed {
    /// At a verification that is under way or approved.
    There(VerificationId),
    /// At a place whose verification is still to be started, after these.
    New(IdempotencyRecord, Vec<IdempotencyRecord>),
    /// Nowhere: no place is left.
    Nowhere,
}

/// Why a number is not sent to.
pub enum WhyRefused {
    /// A rule or limit says so.
    Rule(UseCaseError),
    /// As many numbers were given in the session, or times on the page, as may be.
    TooManyNumbers,
}

impl Services {
    /// Makes a page. What would be refused of every number is refused now, so that no customer meets it.
    pub fn create_page(
        &self,
        caller: &Caller,
        terms: Terms,
        region: Option<Country>,
    ) -> Result<NewPage, UseCaseError> {
        self.check_page(caller, &terms, region)?;
        let mut entropy = self.randomness.entropy();
        let page = PageId::new(self.clock.now(), Partition(0), &mut entropy);
        let grant = PageGrant { app: caller.app.id, mode: caller.mode, page };
        let draft = Draft { region, terms };
        let sealed = serde_json::to_vec(&draft)
            .ok()
            .and_then(|bytes| self.engine.keyring().page_link(grant, &bytes, entropy.bytes()));
        let token = sealed.ok_or_else(|| too_long(&draft.terms))?;
        let url = format!("{}/verify/{token}", self.issuer);
        Ok(NewPage { page, url, expires_at: page.created_at().plus(BROWSER_ACCESS) })
    }

    fn check_page(
        &self,
        caller: &Caller,
        terms: &Terms,
        region: Option<Country>,
    ) -> Result<(), UseCaseError> {
        let policy = &caller.app.policy;
        if !Terms::is_hosted(&terms.presentation, &self.issuer) {
            return Err(UseCaseError::InvalidSetting {
                pointer: "/presentation".to_owned(),
                detail: "the number is given on this server's own page, by itself or in a frame".to_owned(),
            });
        }
        if let Some(region) =
            region.filter(|region| caller.mode == Mode::Live && !policy.countries.contains(region))
        {
            return Err(UseCaseError::Refused(Refusal::CountryNotAllowed(Some(region))));
        }
        let carried = terms.carried();
        let channels = match terms.path.asked() {
            none if none.is_empty() => {
                policy.default_workflow(&carried).iter().map(|step| step.channel).collect()
            }
            asked => asked,
        };
        let check = |channel: Channel| policy.check_channel(channel, &carried);
        channels.into_iter().try_for_each(check).map_err(UseCaseError::Refused)
    }

    /// A page that was opened, while it lives and its app is there.
    pub fn number_page(&self, opened: &OpenedPage) -> Option<NumberPage> {
        let OpenedPage { grant, terms } = opened;
        if self.clock.now().since(grant.page.created_at()) >= BROWSER_ACCESS {
            return None;
        }
        let app = self.directory.app(grant.app)?;
        let Draft { region, terms } = serde_json::from_slice(terms).ok()?;
        Some(NumberPage { caller: Caller { app, mode: grant.mode }, grant: *grant, terms, region })
    }

    /// Goes through a link to a page, which opens once. `is_known` says whether the browser has the page already.
    pub async fn enter_page(
        &self,
        token: &str,
        is_known: impl FnOnce(PageGrant) -> bool,
    ) -> Result<EnteredPage, UseCaseError> {
        let keyring = self.engine.keyring();
        let Some(opened) = keyring.read_page_link(token) else { return Ok(EnteredPage::Closed) };
        let Some(page) = self.number_page(&opened) else { return Ok(EnteredPage::Closed) };
        if is_known(page.grant) {
            return Ok(EnteredPage::Again(page.grant));
        }
        const { assert!(BROWSER_ACCESS.as_secs() < IDEMPOTENCY_LIFETIME.as_secs()) };
        let key = keyring.page_link_used(page.grant).0;
        // There is no verification yet; the record names the page in its place, and nobody looks it up.
        let verification = VerificationId::from_bytes(*page.grant.page.as_bytes());
        let record = IdempotencyRecord { app: page.grant.app, key, fingerprint: key, verification };
        Ok(match self.store.reserve_idempotency(record, self.clock.now()).await? {
            Reserved::Fresh => EnteredPage::First(opened, Box::new(page)),
            Reserved::Known(_) => EnteredPage::Closed,
        })
    }

    /// Takes a number. The same number again, by a double click or a reload, is the same verification, and nothing more
    /// is sent; another one ends the verification of the one before. What a rule refuses costs none of the numbers
    /// that may be given.
    pub async fn give_number(
        &self,
        page: &NumberPage,
        phone: E164,
        client: &Client,
    ) -> Result<Given, UseCaseError> {
        let NumberPage { caller, grant, terms, .. } = page;
        let _turn = self.under_way.pages.wait_for(session_of(terms)).await;
        let route = |channel| self.check_route(caller, channel, &phone);
        if let Err(error) = terms.path.asked().into_iter().try_for_each(route) {
            return Ok(Given::Refused(WhyRefused::Rule(error)));
        }
        let key = self.engine.keyring().subject_key(grant.app, grant.mode, &phone);
        let fresh = VerificationId::new(self.clock.now(), key.partition(), &mut self.randomness.entropy());
        let start = self.command(caller, phone.clone(), terms.clone(), client, fresh);
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Phone(key, phone.clone()),
            command: Command::Start(Box::new(start.clone())),
            permit: None,
        };
        // The session may have a verification of this number already, begun elsewhere: then that is the one.
        let verification = match self.engine.rehearse(&job).await?.map(|rehearsal| rehearsal.outcome) {
            Some(Outcome::Started(started)) => started.id(),
            Some(Outcome::Refused(refusal)) => {
                return Ok(Given::Refused(WhyRefused::Rule(UseCaseError::Refused(refusal))));
            }
            _ => return Err(UseCaseError::NotFound("verification")),
        };
        if !self.has_room_in_session(page, &phone, verification).await? {
            return Ok(Given::Refused(WhyRefused::TooManyNumbers));
        }
        match self.take_place(page, &phone, verification).await? {
            Placed::There(verification) => Ok(Given::Verification(grant.session_for(verification))),
            Placed::Nowhere => Ok(Given::Refused(WhyRefused::TooManyNumbers)),
            Placed::New(place, earlier) => {
                let named = Some(CommandId(place.key));
                // What an earlier request could not finish is finished under the id that it chose.
                let is_unfinished = place.verification != verification;
                let verification = if is_unfinished { place.verification } else { start.verification };
                let start = Start { command: named, verification, ..start };
                let job = Job { command: Command::Start(Box::new(start)), ..job };
                match self.run_start(caller, job, &phone, named, client.address).await {
                    Ok(answer) => {
                        let started = answer.started.id();
                        self.give_up(caller, &earlier, started).await?;
                        Ok(Given::Verification(grant.session_for(started)))
                    }
                    Err(error) if is_told_nothing(&error) => Ok(Given::Refused(WhyRefused::Rule(error))),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Finds the place of a number among those of its page, or takes the next one for `verification`.
    async fn take_place(
        &self,
        page: &NumberPage,
        phone: &E164,
        verification: VerificationId,
    ) -> Result<Placed, UseCaseError> {
        let NumberPage { caller, grant, .. } = page;
        let keyring = self.engine.keyring();
        let number = keyring.page_number(*grant, phone).0;
        let mut earlier: Vec<IdempotencyRecord> = Vec::new();
        for turn in 1..=MAX_TURNS {
            let key = keyring.page_turn(*grant, turn).0;
            let record = IdempotencyRecord { app: grant.app, key, fingerprint: number, verification };
            let known = match self.store.reserve_idempotency(record, self.clock.now()).await? {
                Reserved::Fresh => return Ok(Placed::New(record, earlier)),
                Reserved::Known(known) => known,
            };
            let is_its_own = known.fingerprint == number;
            match self.standing(caller, known.verification).await? {
                // What was approved is not given up by a look back.
                Some(Status::Approved) => return Ok(Placed::There(known.verification)),
                // Nor are tries that are used up given anew, or who said "this was not me" asked again: only the shop begins anew.
                Some(Status::ChallengeRequired | Status::Pending | Status::Exhausted | Status::Denied)
                    if is_its_own =>
                {
                    // Where an earlier request came to its end between the two.
                    self.give_up(caller, &earlier, known.verification).await?;
                    return Ok(Placed::There(known.verification));
                }
                None if is_its_own => return Ok(Placed::New(known, earlier)),
                None => {}
                Some(_) => earlier.push(known),
            }
        }
        Ok(Placed::Nowhere)
    }

    /// Whether a number is one of the session's, or may become one.
    async fn has_room_in_session(
        &self,
        page: &NumberPage,
        phone: &E164,
        verification: VerificationId,
    ) -> Result<bool, UseCaseError> {
        let NumberPage { caller, grant, terms, .. } = page;
        let (keyring, session) = (self.engine.keyring(), session_of(terms));
        let number = keyring.session_number(*grant, &session, phone).0;
        let mut others = 0;
        for turn in 1..=MAX_TURNS {
            let key = keyring.session_turn(*grant, &session, turn).0;
            let record = IdempotencyRecord { app: grant.app, key, fingerprint: number, verification };
            match self.store.reserve_idempotency(record, self.clock.now()).await? {
                Reserved::Fresh => return Ok(true),
                Reserved::Known(known) if known.fingerprint == number => return Ok(true),
                Reserved::Known(known) => {
                    others += usize::from(self.standing(caller, known.verification).await?.is_some());
                }
            }
            if others >= MAX_NUMBERS {
                break;
            }
        }
        Ok(false)
    }

    /// Where a verification stands now; nothing, if it never came to be.
    async fn standing(&self, caller: &Caller, id: VerificationId) -> Result<Option<Status>, UseCaseError> {
        let is_over = |verification: &Verification| verification.expires_at <= self.clock.now();
        match self.find(caller, id).await {
            Ok(verification) if verification.is_live() && is_over(&verification) => Ok(Some(Status::Expired)),
            Ok(verification) => Ok(Some(verification.status())),
            Err(UseCaseError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends what was begun with other numbers: their codes are good for nothing from now on.
    async fn give_up(
        &self,
        caller: &Caller,
        records: &[IdempotencyRecord],
        current: VerificationId,
    ) -> Result<(), UseCaseError> {
        for id in records.iter().map(|record| record.verification).filter(|id| *id != current) {
            let standing = self.standing(caller, id).await?;
            if matches!(standing, Some(Status::ChallengeRequired | Status::Pending)) {
                self.cancel(caller, id).await?;
            }
        }
        Ok(())
    }
}

impl NumberPage {
    /// A number as its customer writes it. Test keys also take numbers that no plan assigns.
    pub fn read(&self, text: &str) -> Result<E164, InvalidPhone> {
        let region = self.region();
        match self.grant.mode {
            Mode::Live => E164::parse(text, region),
            Mode::Test => E164::parse_fictional(text, region),
        }
    }

    /// Where numbers without a country code belong: as the page says, else the app.
    pub fn region(&self) -> Option<Country> {
        self.region.or(self.caller.app.policy.default_region)
    }
}

/// The session of a page, which each has.
fn session_of(terms: &Terms) -> SessionHash {
    terms.session.unwrap_or_else(|| SessionHash::of(""))
}

/// Names what is longest: it is what helps most to shorten.
fn too_long(terms: &Terms) -> UseCaseError {
    fn size(part: &impl Serialize) -> usize {
        serde_json::to_vec(part).map_or(0, |bytes| bytes.len())
    }
    let parts = [
        ("/metadata", size(&terms.metadata)),
        ("/transaction", size(&terms.transaction)),
        ("/presentation", size(&terms.return_to)),
        ("/customer", size(&terms.customer)),
    ];
    let longest = parts.into_iter().max_by_key(|(_, size)| *size).map_or("", |(pointer, _)| pointer);
    UseCaseError::InvalidSetting {
        pointer: longest.to_owned(),
        detail: format!(
            "what a page asks travels in its link and a cookie: at most {MAX_TERMS_BYTES} bytes of JSON in all, and \
             this is the longest part"
        ),
    }
}

/// Sessions in which numbers are being given now: those of one session are taken one after another.
#[derive(Clone, Default)]
pub struct PageTurns(Arc<Mutex<HashMap<SessionHash, Arc<tokio::sync::Mutex<()>>>>>);

/// A place among those who give a number in one session; left when dropped.
struct Turn {
    session: SessionHash,
    all: PageTurns,
    place: Arc<tokio::sync::Mutex<()>>,
    held: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl PageTurns {
    async fn wait_for(&self, session: SessionHash) -> Turn {
        let place =
            Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(session).or_default());
        let mut turn = Turn { session, all: self.clone(), place, held: None };
        turn.held = Some(Arc::clone(&turn.place).lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own and this one: nobody else waits.
        if Arc::strong_count(&self.place) == 2 {
            all.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn numbers_of_one_session_take_turns_and_leave_nothing_behind() {
        let (turns, session) = (PageTurns::default(), SessionHash::of("a"));
        let first = turns.wait_for(session).await;
        let other = turns.wait_for(SessionHash::of("b")).await;
        let mut second = Box::pin(turns.wait_for(session));
        assert!(futures_poll(&mut second).is_none(), "while the first one has it");
        drop(first);
        let second = futures_poll(&mut second).unwrap();
        // Whoever stops waiting leaves no trace.
        let mut third = Box::pin(turns.wait_for(session));
        assert!(futures_poll(&mut third).is_none());
        drop((third, second, other));
        assert!(turns.0.lock().unwrap().is_empty());
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
