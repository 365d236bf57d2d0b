//! Where something stands first in a long list, without a copy of it.

use std::hash::{BuildHasher, Hash, RandomState};

/// A hash table of places in a list that its user keeps and compares: at most 16 bytes for each.
pub(crate) struct FirstPlaces {
    hasher: RandomState,
    /// One more than a place, or 0. A power of two, and at least half of them are 0.
    slots: Vec<u32>,
}

impl FirstPlaces {
    /// For a list of `length` entries.
    pub fn of(length: usize) -> Self {
        Self { hasher: RandomState::new(), slots: vec![0; (2 * length).next_power_of_two()] }
    }

    /// Notes that `key` stands at `place`, unless it `is` at an earlier one. Returns the first.
    pub fn note(&mut self, key: impl Hash, place: usize, is: impl Fn(usize) -> bool) -> usize {
        let slot = self.slot(key, is);
        if self.slots[slot] == 0 {
            self.slots[slot] = u32::try_from(place + 1).unwrap_or_else(|_| unreachable!("no list is that long"));
        }
        self.slots[slot] as usize - 1
    }

    /// Where `key` stands first.
    pub fn find(&self, key: impl Hash, is: impl Fn(usize) -> bool) -> Option<usize> {
        (self.slots[self.slot(key, is)] as usize).checked_sub(1)
    }

    /// The slot that holds `key`, or the empty one where it belongs.
    fn slot(&self, key: impl Hash, is: impl Fn(usize) -> bool) -> usize {
        let last = self.slots.len() - 1;
        let mut slot = usize::try_from(self.hasher.hash_one(key) & last as u64).unwrap_or(0);
        while self.slots[slot] != 0 && !is(self.slots[slot] as usize - 1) {
            slot = (slot + 1) & last;
        }
        slot
    }
}
