//! Two replicas seen as one: what each of them shows, united. Pure.

use super::items::SeatItem;
use onsale::{Round, RoundCount, Sale, SeatId, Ticket};
use std::collections::{BTreeMap, BTreeSet};

/// One item per seat, in floor order: the highest round; within it an owner before none; then the latest change.
pub(super) fn seats(replicas: [Vec<SeatItem>; 2]) -> Vec<SeatItem> {
    let mut united = BTreeMap::<SeatId, SeatItem>::new();
    for item in replicas.into_iter().flatten() {
        let rank = |item: &SeatItem| (item.row.round, item.row.holder.is_some(), item.changed_at_ms);
        match united.get(&item.row.seat) {
            Some(other) if rank(other) >= rank(&item) => {}
            _ => {
                united.insert(item.row.seat, item);
            }
        }
    }
    united.into_values().collect()
}

/// Per seat the highest round that either replica says a reset began.
pub(super) fn reset_rounds(replicas: &[Vec<SeatItem>; 2]) -> BTreeMap<SeatId, Round> {
    let mut rounds = BTreeMap::new();
    for SeatItem { row, .. } in replicas.iter().flatten() {
        let highest = rounds.entry(row.seat).or_insert(row.reset_round);
        *highest = row.reset_round.max(*highest);
    }
    rounds
}

/// Every sale once, by its ticket, oldest first.
pub(super) fn sales(replicas: [Vec<Sale>; 2]) -> Vec<Sale> {
    let by_ticket: BTreeMap<Ticket, Sale> =
        replicas.into_iter().flatten().map(|sale| (sale.ticket.clone(), sale)).collect();
    let mut sales: Vec<Sale> = by_ticket.into_values().collect();
    sales.sort_by_key(|sale| sale.sold_at_ms);
    sales
}

/// Sales per seat and round, every ticket counted once, from the round on that `since` names (1 if it names none).
pub(super) fn counts(replicas: [Vec<(SeatId, Round, Ticket)>; 2], since: &BTreeMap<SeatId, Round>) -> Vec<RoundCount> {
    let distinct: BTreeSet<_> = replicas.into_iter().flatten().collect();
    let mut counts = BTreeMap::<(SeatId, Round), u64>::new();
    for (seat, round, _) in distinct {
        if round >= since.get(&seat).copied().unwrap_or(1) {
            *counts.entry((seat, round)).or_default() += 1;
        }
    }
    counts.into_iter().map(|((seat, round), confirmed)| RoundCount { seat, round, confirmed }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onsale::{Holder, SeatRow};

    /// `A1` in `round`, of `owner` if there is one, changed at `changed_at_ms`.
    fn item(round: Round, owner: &str, changed_at_ms: i64) -> SeatItem {
        let holder = (!owner.is_empty()).then(|| Holder {
            owner: owner.parse().unwrap(),
            ticket: owner.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        });
        SeatItem { row: SeatRow { seat: "A1".parse().unwrap(), round, reset_round: round, holder }, changed_at_ms }
    }

    #[test]
    fn a_seat_is_the_highest_round_then_an_owner_then_the_latest() {
        let cases = [
            (item(1, "ada", 9), item(2, "", 1), item(2, "", 1)),
            (item(2, "ada", 1), item(2, "", 9), item(2, "ada", 1)),
            (item(2, "ada", 1), item(2, "bob", 2), item(2, "bob", 2)),
        ];
        for (one, other, expected) in cases {
            let expected = vec![expected];
            assert_eq!(seats([vec![one.clone()], vec![other.clone()]]), expected);
            assert_eq!(seats([vec![other], vec![one]]), expected);
        }
        assert_eq!(seats([vec![], vec![item(1, "ada", 1)]]), [item(1, "ada", 1)]);
    }

    #[test]
    fn a_ticket_in_both_replicas_counts_once() {
        let a1: SeatId = "A1".parse().unwrap();
        let sale = |round, ticket: &str| (a1, round, ticket.parse::<Ticket>().unwrap());
        let replicas = || [vec![sale(1, "x"), sale(2, "y")], vec![sale(2, "y"), sale(2, "z")]];
        let count = |round, confirmed| RoundCount { seat: a1, round, confirmed };
        assert_eq!(counts(replicas(), &BTreeMap::new()), [count(1, 1), count(2, 2)]);
        assert_eq!(counts(replicas(), &BTreeMap::from([(a1, 2)])), [count(2, 2)]);
        assert_eq!(counts(replicas(), &BTreeMap::from([(a1, 3)])), []);
    }

    #[test]
    fn the_highest_reset_counts() {
        let rounds = reset_rounds(&[vec![item(3, "", 1)], vec![item(2, "", 2)]]);
        assert_eq!(rounds.into_values().collect::<Vec<_>>(), [3]);
    }
}
