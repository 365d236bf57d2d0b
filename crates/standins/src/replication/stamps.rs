//! Which of two writes of an item is the later, remembered for as long as it can matter.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

/// An item: its table, then the values of its key.
pub(super) type Key = Vec<String>;

/// Microseconds since 1970, each given once and each greater than the last, whichever region asks.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    last: u64,
    /// Given in each region and not yet settled in the other.
    under_way: [BTreeSet<u64>; 2],
}

impl Stamps {
    /// Stamps a put of this region. It is under way from now on.
    pub(super) fn take(&mut self, region: usize) -> u64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
        self.last = (self.last + 1).max(u64::try_from(now).unwrap_or_default());
        self.under_way[region].insert(self.last);
        self.last
    }

    /// A put of this region has arrived in the other, or will not be sent.
    pub(super) fn settle(&mut self, region: usize, stamp: u64) {
        self.under_way[region].remove(&stamp);
    }

    /// How many puts are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.iter().map(BTreeSet::len).sum()
    }

    /// The oldest put of this region that has not arrived in the other; greater than every stamp if all have.
    pub(super) fn oldest(&self, region: usize) -> u64 {
        self.under_way[region].first().copied().unwrap_or(u64::MAX)
    }
}

/// Below this many remembered stamps forgetting is not worth the walk.
const FORGET_FROM: usize = 4096;

/// The newest stamp applied to each item of a region.
#[derive(Debug)]
pub(super) struct Newest {
    by_key: HashMap<Key, u64>,
    forget_from: usize,
}

impl Newest {
    pub(super) fn new() -> Self {
        Self { by_key: HashMap::new(), forget_from: FORGET_FROM }
    }

    /// Whether a put with this stamp comes after everything applied to the item.
    pub(super) fn admits(&self, key: &Key, stamp: u64) -> bool {
        self.by_key.get(key).is_none_or(|seen| *seen < stamp)
    }

    /// Remembers that a put was applied. `oldest` tells the oldest stamp that may still arrive here: what is older
    /// than that will never be asked for and is forgotten from time to time.
    pub(super) fn note(&mut self, key: Key, stamp: u64, oldest: impl FnOnce() -> u64) {
        if self.by_key.len() >= self.forget_from {
            let oldest = oldest();
            self.by_key.retain(|_, seen| *seen > oldest);
            self.forget_from = (2 * self.by_key.len()).max(FORGET_FROM);
        }
        self.by_key.insert(key, stamp);
    }
}

#[cfg(test)]
mod tests {
    use super::{FORGET_FROM, Newest, Stamps};

    #[test]
    fn stamps_are_forgotten_once_nothing_older_is_under_way() {
        let (mut stamps, mut newest) = (Stamps::default(), Newest::new());
        let late = stamps.take(1);
        let key = |n: usize| vec!["seats".to_owned(), n.to_string()];
        for n in 0..2 * FORGET_FROM {
            let stamp = stamps.take(0);
            newest.note(key(n), stamp, || stamps.oldest(1));
            stamps.settle(0, stamp);
        }
        assert_eq!(newest.by_key.len(), 2 * FORGET_FROM, "one that may still lose was forgotten");
        assert!(!newest.admits(&key(0), late));
        stamps.settle(1, late);
        assert_eq!(stamps.under_way(), 0);
        newest.note(key(0), stamps.take(0), || stamps.oldest(1));
        assert_eq!(newest.by_key.len(), 1);
    }
}
