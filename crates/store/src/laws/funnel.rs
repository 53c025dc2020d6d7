//! Laws about the figures of how far customers come.

use std::time::Duration;

use countersign_core::funnel::{FunnelCell, FunnelCount, FunnelCounts, FunnelStep};
use countersign_core::presentation::PresentationMode;
use countersign_core::subject::Mode;
use countersign_core::time::Day;

use super::{Handle, race};
use crate::fixtures::{self, START};
use crate::{FUNNEL_DAYS_KEPT, FunnelQuery, Only};

fn today() -> Day {
    START.day()
}

fn cell() -> FunnelCell {
    FunnelCell {
        app: fixtures::app(1),
        mode: Mode::Live,
        day: today(),
        presentation: PresentationMode::Page,
        country: Some("DE".parse().unwrap()),
        provider: Some("carrier".to_owned()),
    }
}

fn count(cell: FunnelCell, step: FunnelStep, amount: i64) -> FunnelCount {
    FunnelCount { cell, counts: FunnelCounts::default().with(step, amount) }
}

fn everything() -> FunnelQuery {
    FunnelQuery {
        app: fixtures::app(1),
        mode: Mode::Live,
        from: Day::from_number(0),
        to: today(),
        presentation: None,
        country: Only::All,
        provider: Only::All,
        limit: 100,
    }
}

/// What is added sums up for each cell and step, within one call and over several.
pub async fn figures_of_a_funnel_add_up<S: Handle>(store: &S) {
    let nowhere = FunnelCell { country: None, provider: None, ..cell() };
    store
        .add_funnel(vec![
            count(cell(), FunnelStep::Shown, 2),
            count(nowhere.clone(), FunnelStep::Shown, 3),
            count(cell(), FunnelStep::Shown, 5),
        ])
        .await
        .unwrap();
    let mut every = FunnelCounts::default();
    for (amount, step) in (10..).zip(FunnelStep::ALL) {
        every = every.with(step, amount);
    }
    store.add_funnel(vec![FunnelCount { cell: cell(), counts: every }]).await.unwrap();
    store.add_funnel(Vec::new()).await.unwrap();
    let expected = [
        count(nowhere, FunnelStep::Shown, 3),
        FunnelCount { cell: cell(), counts: every.with(FunnelStep::Shown, 7) },
    ];
    assert_eq!(store.funnel(everything()).await.unwrap(), expected);
}

/// What is taken from one cell and added to another is nowhere twice, and an empty cell is not told.
pub async fn figures_of_a_funnel_can_be_moved<S: Handle>(store: &S) {
    let unsent = FunnelCell { provider: None, ..cell() };
    store.add_funnel(vec![count(unsent.clone(), FunnelStep::Shown, 1)]).await.unwrap();
    let moved = vec![count(unsent, FunnelStep::Shown, -1), count(cell(), FunnelStep::Shown, 1)];
    store.add_funnel(moved).await.unwrap();
    assert_eq!(store.funnel(everything()).await.unwrap(), [count(cell(), FunnelStep::Shown, 1)]);
}

/// No figure of another app, of the other mode or of another day, and of none that a filter leaves out.
pub async fn a_funnel_has_only_what_was_asked_for<S: Handle>(store: &S) {
    let yesterday = FunnelCell { day: today().minus(1), ..cell() };
    let abroad = FunnelCell { country: Some("GB".parse().unwrap()), ..cell() };
    let nowhere = FunnelCell { country: None, ..cell() };
    let unsent = FunnelCell { provider: None, ..cell() };
    let other = FunnelCell { provider: Some("another".to_owned()), ..cell() };
    let element = FunnelCell { presentation: PresentationMode::Element, ..cell() };
    let own = [&yesterday, &element, &nowhere, &unsent, &other, &cell(), &abroad].map(Clone::clone);
    let strange = [
        FunnelCell { app: fixtures::app(2), ..cell() },
        FunnelCell { mode: Mode::Test, ..cell() },
        FunnelCell { day: Day::from_number(today().number() + 1), ..cell() },
    ];
    let counts = own.iter().rev().chain(&strange).map(|cell| count(cell.clone(), FunnelStep::Approved, 1));
    store.add_funnel(counts.collect()).await.unwrap();
    let cases = [
        (everything(), own.to_vec()),
        (FunnelQuery { limit: 2, ..everything() }, own[..2].to_vec()),
        (FunnelQuery { to: today().minus(1), ..everything() }, vec![yesterday.clone()]),
        (FunnelQuery { from: today(), to: today().minus(1), ..everything() }, vec![]),
        (FunnelQuery { presentation: Some(PresentationMode::Element), ..everything() }, vec![element]),
        (FunnelQuery { country: Only::Is("GB".parse().unwrap()), ..everything() }, vec![abroad]),
        (FunnelQuery { country: Only::Missing, ..everything() }, vec![nowhere]),
        (FunnelQuery { provider: Only::Is("another".to_owned()), ..everything() }, vec![other]),
        (FunnelQuery { provider: Only::Missing, ..everything() }, vec![unsent]),
    ];
    for (query, cells) in cases {
        let read = store.funnel(query.clone()).await.unwrap();
        assert_eq!(read.into_iter().map(|count| count.cell).collect::<Vec<_>>(), cells, "{query:?}");
    }
}

/// Of many who add at once none is lost.
pub async fn racing_additions_to_a_funnel_lose_nothing<S: Handle>(store: &S) {
    race(store, 24, |store, _| async move {
        store.add_funnel(vec![count(cell(), FunnelStep::Sent, 1)]).await.unwrap();
    })
    .await;
    assert_eq!(store.funnel(everything()).await.unwrap(), [count(cell(), FunnelStep::Sent, 24)]);
}

/// Days that are too old go, no more of them than asked at a time; the oldest that is kept stays.
pub async fn a_purge_drops_old_days_of_a_funnel<S: Handle>(store: &S) {
    let now = START.plus(Duration::from_hours(24) * u32::from(FUNNEL_DAYS_KEPT));
    let day = |back| FunnelCell { day: today().minus(back), ..cell() };
    let counts = (0..4).map(|back| count(day(back), FunnelStep::Sent, 1));
    store.add_funnel(counts.collect()).await.unwrap();
    assert_eq!(store.purge(now, 2).await.unwrap(), 2);
    assert_eq!(store.purge(now, 2).await.unwrap(), 1);
    assert_eq!(store.purge(now, 2).await.unwrap(), 0);
    assert_eq!(store.funnel(everything()).await.unwrap(), [count(day(0), FunnelStep::Sent, 1)]);
}
