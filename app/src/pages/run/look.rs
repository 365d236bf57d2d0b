//! How a visitor looks at a run: which part of the timeline, and which buyers in which order. All of it stands in the
//! address, so that it works without JavaScript and can be shared.

use leptos_router::params::ParamsMap;
use onsale::Operation;
use std::fmt::Write as _;

/// The address, read. Whatever is not one of our own words counts as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The part of the timeline, in microseconds after the fall of the barrier.
    pub window_us: Option<(u64, u64)>,
    /// The order of the buyers.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// Only buyers whose row contains this.
    pub search: String,
    /// Which page of the table, from 1.
    pub page: usize,
}

/// What the table can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The plan's order.
    #[default]
    Plan,
    /// The region.
    Region,
    /// The seat, for a rush.
    Seat,
    /// The ticket.
    Ticket,
    /// The start.
    Start,
    /// The end.
    End,
    /// Attempts.
    Attempts,
    /// What the buyer was told.
    Outcome,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 8] =
        [Self::Plan, Self::Region, Self::Seat, Self::Ticket, Self::Start, Self::End, Self::Attempts, Self::Outcome];

    /// The word in the address, and the heading of its column.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan => ("plan", "Buyer"),
            Self::Region => ("region", "Region"),
            Self::Seat => ("seat", "Seat"),
            Self::Ticket => ("ticket", "Ticket asked for"),
            Self::Start => ("start", "Started"),
            Self::End => ("end", "Ended"),
            Self::Attempts => ("attempts", "Attempts"),
            Self::Outcome => ("outcome", "Told"),
        }
    }

    /// Orders two buyers; equals keep the plan's order.
    pub fn compare(self, a: &Operation, b: &Operation) -> std::cmp::Ordering {
        match self {
            Self::Plan => std::cmp::Ordering::Equal,
            Self::Region => a.region.cmp(&b.region),
            Self::Seat => a.seat.cmp(&b.seat),
            Self::Ticket => a.ticket.cmp(&b.ticket),
            Self::Start => a.start_us.cmp(&b.start_us),
            Self::End => a.end_us.cmp(&b.end_us),
            Self::Attempts => a.attempts.cmp(&b.attempts),
            Self::Outcome => a.outcome.cmp(&b.outcome),
        }
    }
}

impl Look {
    /// Reads the address.
    pub fn from_query(query: &ParamsMap) -> Self {
        let number = |name| query.get_str(name).and_then(|text| text.parse().ok());
        let window = number("from").zip(number("to")).filter(|(from, to)| from < to);
        let sort = query.get_str("sort").unwrap_or_default();
        let (descending, sort) = sort.strip_prefix('-').map_or((false, sort), |sort| (true, sort));
        Self {
            window_us: window,
            sort: Sort::ALL.into_iter().find(|known| known.words().0 == sort).unwrap_or_default(),
            descending,
            search: query.get_str("q").unwrap_or_default().trim().chars().take(64).collect(),
            page: query.get_str("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The address that looks so, at a part of the page.
    pub fn address(&self, part: &str) -> String {
        let mut address = String::new();
        let mut add = |name: &str, value: &str| {
            let sign = if address.is_empty() { '?' } else { '&' };
            let _ = write!(address, "{sign}{name}={}", leptos_router::location::Url::escape(value));
        };
        if let Some((from, to)) = self.window_us {
            add("from", &from.to_string());
            add("to", &to.to_string());
        }
        if self.sort != Sort::Plan || self.descending {
            let minus = if self.descending { "-" } else { "" };
            add("sort", &format!("{minus}{}", self.sort.words().0));
        }
        if !self.search.is_empty() {
            add("q", &self.search);
        }
        if self.page > 1 {
            add("page", &self.page.to_string());
        }
        format!("{}#{part}", if address.is_empty() { "?" } else { &address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(address: &str) -> Look {
        let pairs = address.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), leptos_router::location::Url::unescape(value)));
        Look::from_query(&pairs.collect())
    }

    #[test]
    fn an_address_says_again_how_one_looks() {
        for address in ["?", "?from=10&to=500", "?sort=-end&q=buyer-7+%26&page=3", "?sort=outcome"] {
            let once = look(address);
            let (again, part) =
                once.address("table").split_once('#').map(|(a, p)| (a.to_owned(), p.to_owned())).unwrap();
            assert_eq!((look(&again), part.as_str()), (once, "table"), "{address}");
        }
    }

    #[test]
    fn words_that_are_not_ours_count_as_absent() {
        let odd = look("?from=9&to=3&sort=secret&page=0");
        assert_eq!(odd, Look { page: 1, ..Look::default() });
        assert_eq!(look(&format!("?q={}", "x".repeat(99))).search.len(), 64);
    }
}
