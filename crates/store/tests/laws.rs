//! Every law, on every backend.

use countersign_store::{AnyStore, MemoryStore, SqliteStore, obeys_the_laws};

mod scratch;

use scratch::Scratch;

obeys_the_laws!(memory: (MemoryStore::new(), ()));

obeys_the_laws!(sqlite: {
    let directory = Scratch::new();
    (SqliteStore::open(directory.path()).unwrap(), directory)
});

obeys_the_laws!(any: {
    let directory = Scratch::new();
    (AnyStore::Sqlite(SqliteStore::open(directory.path()).unwrap()), directory)
});

/// A law that is in no list proves nothing.
#[test]
fn every_law_is_in_the_list() {
    let list = include_str!("../src/laws/mod.rs");
    let sources = [
        include_str!("../src/laws/deliveries.rs"),
        include_str!("../src/laws/funnel.rs"),
        include_str!("../src/laws/limits.rs"),
        include_str!("../src/laws/reads.rs"),
        include_str!("../src/laws/subjects.rs"),
        include_str!("../src/laws/upkeep.rs"),
    ];
    let mut laws = 0;
    for law in sources.iter().flat_map(|source| source.split("pub async fn ").skip(1)) {
        let name = law.split('<').next().unwrap();
        let listed = list.contains(&format!(" {name},")) || list.contains(&format!(" {name};"));
        assert!(listed, "{name} is not in obeys_the_laws!");
        laws += 1;
    }
    assert!(laws > 40, "only {laws} laws were found");
}
