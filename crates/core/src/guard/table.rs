//! A bounded table of states by key, that never loosens a rule when it forgets.
//!
//! When it is full, the entry that matters least makes room, and what it still restricted is kept in one shared
//! *floor*: every key that the table does not know is taken to be as restricted as the strictest that it forgot.
//! So a key whose entry was evicted comes back at least as strict, and who floods the table with keys earns nothing.

use super::key::{IdMap, KeyId};
use crate::time::Timestamp;

/// What a table can hold.
pub trait Kept: Clone {
    /// From when on it restricts nothing any more: it can be forgotten for good.
    fn matters_until(&self) -> Timestamp;

    /// Becomes at least as strict, at every later time, as `forgotten` would have been.
    fn take_over(&mut self, forgotten: &Self);

    /// Bytes that it holds beside its own size.
    fn heap_bytes(&self) -> usize;

    /// What it holds of something that there is little of, to be used again when it is forgotten.
    fn maps(&self) -> u32 {
        0
    }
}

/// Entries that are compared when one must go.
const EXAMINED: usize = 32;

/// States by key.
#[derive(Clone, Debug)]
pub struct Table<V> {
    index: IdMap<u32>,
    slots: Vec<(KeyId, V)>,
    capacity: usize,
    hand: usize,
    floor: V,
    forgotten: Forgotten,
    freed_maps: u32,
}

/// Entries that made room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// That mattered no more.
    pub idle: u64,
    /// That still mattered: the floor was raised.
    pub pressed: u64,
}

/// What a table takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Keys in it.
    pub keys: usize,
    /// Bytes, of the index, the slots and what they hold.
    pub bytes: usize,
}

impl Footprint {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Footprint) -> Self {
        Footprint { keys: self.keys + other.keys, bytes: self.bytes + other.bytes }
    }
}

impl<V: Kept> Table<V> {
    /// A table of at most `capacity` keys. `unseen` is the state of a key that was never seen.
    pub fn new(capacity: usize, unseen: V) -> Self {
        Table {
            index: IdMap::default(),
            slots: Vec::new(),
            capacity: capacity.clamp(1, u32::MAX as usize),
            hand: 0,
            floor: unseen,
            forgotten: Forgotten::default(),
            freed_maps: 0,
        }
    }

    /// The state of a key; that of a key which may have been forgotten, where it is not there.
    pub fn look(&self, id: KeyId) -> &V {
        self.find(id).unwrap_or(&self.floor)
    }

    /// The state of a key that is there.
    pub fn find(&self, id: KeyId) -> Option<&V> {
        let slot = *self.index.get(&id)?;
        self.slots.get(slot as usize).map(|(_, state)| state)
    }

    /// The same, to be changed.
    pub fn find_mut(&mut self, id: KeyId) -> Option<&mut V> {
        let slot = *self.index.get(&id)?;
        self.slots.get_mut(slot as usize).map(|(_, state)| state)
    }

    /// The state of a key, which is there from now on.
    pub fn enter(&mut self, id: KeyId, now: Timestamp) -> &mut V {
        let slot = match self.index.get(&id) {
            Some(slot) => *slot as usize,
            None => self.make_room(id, now),
        };
        &mut self.slots[slot].1
    }

    fn make_room(&mut self, id: KeyId, now: Timestamp) -> usize {
        let slot = if self.slots.len() < self.capacity {
            self.slots.push((id, self.floor.clone()));
            self.slots.len() - 1
        } else {
            let slot = self.least_needed();
            let (old, state) = &self.slots[slot];
            self.index.remove(old);
            self.freed_maps += state.maps();
            if state.matters_until() > now {
                self.floor.take_over(state);
                self.forgotten.pressed += 1;
            } else {
                self.forgotten.idle += 1;
            }
            self.slots[slot] = (id, self.floor.clone());
            slot
        };
        self.index.insert(id, u32::try_from(slot).unwrap_or(u32::MAX));
        slot
    }

    fn least_needed(&mut self) -> usize {
        let count = self.slots.len();
        let examined = (0..EXAMINED.min(count)).map(|step| (self.hand + step) % count);
        let least = examined.min_by_key(|&slot| self.slots[slot].1.matters_until()).unwrap_or(0);
        self.hand = (self.hand + EXAMINED) % count;
        least
    }

    /// What forgotten entries held, since this was asked last: see [`Kept::maps`].
    pub const fn take_freed_maps(&mut self) -> u32 {
        std::mem::replace(&mut self.freed_maps, 0)
    }

    /// How many entries made room so far.
    pub const fn forgotten(&self) -> Forgotten {
        self.forgotten
    }

    /// What it takes now. Looks at every entry.
    pub fn footprint(&self) -> Footprint {
        // An entry of the index is its key and slot and one byte of the map, at a load of 7/8.
        let index = self.index.capacity() * (size_of::<(KeyId, u32)>() + 1) * 8 / 7;
        let slots = self.slots.capacity() * size_of::<(KeyId, V)>();
        let held: usize = self.slots.iter().map(|(_, state)| state.heap_bytes()).sum();
        Footprint { keys: self.slots.len(), bytes: index + slots + held }
    }

    /// Every key and state.
    pub fn iter(&self) -> impl Iterator<Item = &(KeyId, V)> {
        self.slots.iter()
    }
}
