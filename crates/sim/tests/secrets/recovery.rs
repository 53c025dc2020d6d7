//! A database without the keys, and the keys without the database (issue 2, "It must show" 5).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::entropy::Entropy;
use countersign_core::id::AppId;
use countersign_core::keyring::{Keyring, Place};
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use countersign_core::verification::Verification;
use countersign_server::keyfile;
use countersign_sim::api::{Api, Request};
use countersign_sim::folder::Folder;
use countersign_sim::phones;
use countersign_sim::server::{Server, Setup};
use countersign_sim::sink::Sink;
use countersign_store::{AnyStore, SqliteStore};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::attack::{self, Truth};
use crate::leak::Leak;
use crate::scan::{Found, Needles};

const VERIFICATIONS: u64 = 1000;
/// The attacker knows this many numbers, all of the 1,000 among them.
const LIST: u64 = 2000;

struct Shop {
    server: Server,
    sink: Sink,
}

/// Starts 1,000 verifications and leaves them live: that is when there is most to find.
async fn shop() -> Shop {
    let sink = Sink::start().await.unwrap();
    let policy = json!({
        "countries": ["GB"], "daily_messages": 100_000,
        // At six digits, one code in a million is right by chance.
        "code": { "length": 10, "alphabet": "numeric" },
    });
    let setup = Setup { policy, ..Setup::with_sink(sink.address()) };
    let server = tokio::task::spawn_blocking(move || Server::start(&setup)).await.unwrap().unwrap();
    Shop { server, sink }
}

impl Shop {
    async fn start_all(&self) {
        let api = Api::new(self.server.address().unwrap(), self.server.live_key()).unwrap();
        let places = Arc::new(Semaphore::new(32));
        let mut running = JoinSet::new();
        for number in 0..VERIFICATIONS {
            let (api, places) = (api.clone(), Arc::clone(&places));
            running.spawn(async move {
                let _place = places.acquire().await.unwrap();
                let phone = phone_of(number);
                let start = Request::start(&phone, "login", &format!("session of {phone}"));
                let answer = api.send(&start.key(format!("start-{number}"))).await.unwrap();
                assert!(answer.is_created(), "{answer:?}");
                let wrong = api.send(&Request::check(answer.id(), "0")).await.unwrap();
                assert_eq!(wrong.result(), "incorrect");
            });
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
        for number in 0..VERIFICATIONS {
            self.sink.wait_for(&phone_of(number), 1, Duration::from_secs(30)).await.unwrap();
        }
    }

    /// A copy of the database, as a backup, a stolen disk or a curious colleague has it.
    fn leaked_database(&self, folder: &Path) -> std::path::PathBuf {
        let file = folder.join("leaked");
        self.server.cli(&["backup", &file.display().to_string()]).unwrap();
        file
    }

    fn truths(&self, leak: &Leak, keyring: &Keyring) -> Vec<Truth> {
        leak.verifications.iter().map(|(app, record)| self.truth(*app, record, keyring)).collect()
    }

    /// With both, a row tells its number: that is what the keys are for.
    fn truth(&self, app: [u8; 16], record: &str, keyring: &Keyring) -> Truth {
        let app = AppId::from_bytes(app);
        let verification: Verification = serde_json::from_str(record).unwrap();
        let place = Place { app, verification: verification.id };
        let phone = keyring.open_phone(place, &verification.phone).unwrap();
        let code = self.sink.to(phone.expose()).first().unwrap().code.clone();
        let mut parts: Vec<Vec<u8>> =
            Leak::parts_of(record).into_iter().filter(|part| part.len() >= 8).collect();
        parts.push(verification.id.as_bytes().to_vec());
        Truth { app, verification, parts, phone, code }
    }
}

/// Every second of the list.
fn phone_of(number: u64) -> String {
    listed(number * LIST / VERIFICATIONS)
}

/// The attacker's list. Numbers full of zeros would be found by chance, between zeros.
fn listed(number: u64) -> String {
    phones::phone(123_456_789 + number * 7919)
}

async fn keys(shop: &Shop, database: &Path) -> Keyring {
    let folder = Folder::temporary().unwrap();
    countersign_store::sqlite::restore(database, &folder.path().join("data")).unwrap();
    let store = AnyStore::Sqlite(SqliteStore::open(&folder.path().join("data")).unwrap());
    let key_file = folder.path().join("keys.json");
    fs::copy(shop.server.key_file(), &key_file).unwrap();
    let mut entropy = Entropy::from_seed([7; 32]);
    keyfile::open(&key_file, &store, Timestamp::from_millis(1_795_428_000_000), &mut entropy).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_keys_and_keys_without_a_database_give_no_number_and_no_code() {
    let mut shop = shop().await;
    let keys_before = fs::read(shop.server.key_file()).unwrap();
    shop.start_all().await;
    let folder = Folder::temporary().unwrap();
    let database = shop.leaked_database(folder.path());
    let leak = Leak::of(&database);

    // With both, everything: the test knows what there was to find.
    let keyring = keys(&shop, &database).await;
    let mut truths = shop.truths(&leak, &keyring);
    truths.sort_by(|one, other| one.phone.expose().cmp(other.phone.expose()));
    assert_eq!(truths.len(), 1000);
    let numbers: Vec<&str> = truths.iter().map(|truth| truth.phone.expose()).collect();
    assert_eq!(numbers, (0..VERIFICATIONS).map(phone_of).collect::<Vec<_>>());
    let derived =
        truths.iter().filter(|truth| attack::derive(&keyring, truth).as_deref() == Some(&truth.code));
    assert_eq!(derived.count(), 1000, "codes that database and keys give together");

    // The database without the keys.
    let list: Vec<E164> = (0..LIST).map(|number| E164::parse(&listed(number), None).unwrap()).collect();
    assert_eq!(attack::numbers_by_trying(&leak, &list), Vec::<String>::new());
    assert_eq!(attack::numbers_by_row(&leak, &truths), 0, "numbers of 1,000");
    assert_eq!(attack::codes(&leak, &truths), 0, "codes of 1,000");
    let mut needles = Needles::new();
    for truth in &truths {
        needles.phone(truth.phone.expose());
        needles.code(&truth.code);
    }
    assert_nothing_found(&needles.in_bytes(&database, &fs::read(&database).unwrap()));
    attack::assert_the_attack_works(&leak, &truths[..10], &list[..60]);

    // The keys without the database: the same file whatever was verified, so it tells nothing of it.
    let keys_after = fs::read(shop.server.key_file()).unwrap();
    assert_eq!(keys_before, keys_after);
    assert_eq!(needles.in_bytes(&shop.server.key_file(), &keys_after), []);
    shop.server.stop().unwrap();
    assert_eq!(fs::read(shop.server.key_file()).unwrap(), keys_before);
}

/// Of some thousand forms of five bytes, one stands in megabytes of ciphertext by chance in one run of a
/// hundred (3,000 · 4·10^6 / 2^40); codes or numbers written down would stand there a thousand times.
fn assert_nothing_found(found: &[Found]) {
    let (short, long): (Vec<&Found>, Vec<&Found>) = found.iter().partition(|found| found.bytes <= 5);
    // A value that holds one by chance may stand in several rows and indexes.
    let secrets: BTreeSet<&str> = short.iter().map(|found| found.what.as_str()).collect();
    assert!(long.is_empty() && secrets.len() <= 3, "{found:?}");
}

/// Keys are made for an empty store only (design 6, Keys).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_its_keys_or_with_others_refuses_to_start() {
    let (mut one, other) = (shop().await, shop().await);
    one.server.stop().unwrap();
    let own = fs::read(one.server.key_file()).unwrap();
    fs::remove_file(one.server.key_file()).unwrap();
    let refused = one.server.restart().unwrap_err().to_string();
    assert!(refused.contains("keys.json"), "{refused}");
    assert!(!one.server.key_file().exists(), "it made new keys for a store that has others");
    fs::copy(other.server.key_file(), one.server.key_file()).unwrap();
    let refused = one.server.restart().unwrap_err().to_string();
    assert!(refused.contains("ended at its start"), "{refused}");
    fs::write(one.server.key_file(), own).unwrap();
    one.server.restart().unwrap();
}
