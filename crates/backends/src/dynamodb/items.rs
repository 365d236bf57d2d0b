//! Items of the two tables, to and from the on-sale's types.

use aws_sdk_dynamodb::types::AttributeValue;
use onsale::{BuyerName, FloorId, Holder, InvalidId, Order, Round, Sale, Seat, SeatId, SeatRow, Ticket};
use std::collections::HashMap;
use std::str::FromStr;

/// An item as DynamoDB holds it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A seat's item: its row, and when the writer's clock said it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeatItem {
    pub(super) row: SeatRow,
    pub(super) changed_at_ms: i64,
}

impl SeatItem {
    /// A seat that has no item: available, round 1.
    pub(super) fn untouched(seat: SeatId) -> Self {
        Self { row: SeatRow::untouched(seat), changed_at_ms: 0 }
    }

    /// The seat as sold by `order`, in the round that was read.
    pub(super) fn sold(order: &Order, seen: &Seat, changed_at_ms: i64) -> Self {
        let holder = Holder { owner: order.buyer.clone(), ticket: order.ticket.clone(), region: order.region.clone() };
        let row = SeatRow { seat: order.seat, round: seen.round, reset_round: seen.reset_round, holder: Some(holder) };
        Self { row, changed_at_ms }
    }

    /// The seat on sale, in `round`.
    pub(super) fn available(seat: SeatId, round: Round, reset_round: Round, changed_at_ms: i64) -> Self {
        Self { row: SeatRow { seat, round, reset_round, holder: None }, changed_at_ms }
    }

    pub(super) fn into_item(self, floor: &FloorId) -> Item {
        let SeatRow { seat, round, reset_round, holder } = self.row;
        let status = if holder.is_some() { "sold" } else { "available" };
        let mut item = seat_key(floor, seat);
        item.insert("round".into(), number(round));
        item.insert("reset_round".into(), number(reset_round));
        item.insert("status".into(), text(status));
        item.insert("changed_at".into(), number(self.changed_at_ms));
        if let Some(Holder { owner, ticket, region }) = holder {
            item.insert("owner".into(), text(owner));
            item.insert("ticket".into(), text(ticket));
            item.insert("region".into(), text(region));
        }
        item
    }

    pub(super) fn from_item(item: &Item) -> Result<Self, Malformed> {
        let holder = match read_text(item, "status")? {
            "sold" => Some(Holder {
                owner: read_buyer(item, "owner")?,
                ticket: read_id(item, "ticket")?,
                region: read_id(item, "region")?,
            }),
            "available" => None,
            _ => return Err(Malformed("status")), // it must not look like a free seat
        };
        let row = SeatRow {
            seat: read_id(item, "seat")?,
            round: read_number(item, "round")?,
            reset_round: read_number(item, "reset_round")?,
            holder,
        };
        Ok(Self { row, changed_at_ms: read_number(item, "changed_at")? })
    }
}

/// The primary key of a seat's item.
pub(super) fn seat_key(floor: &FloorId, seat: SeatId) -> Item {
    HashMap::from([("floor".into(), text(floor)), ("seat".into(), text(seat))])
}

/// The ledger's item for the sale that `order` makes in the round that was read.
pub(super) fn sale_item(order: &Order, seen: &Seat, sold_at_ms: i64) -> Item {
    let mut item = HashMap::from([
        ("floor".into(), text(&order.floor)),
        ("sale".into(), text(format!("{}{}", round_prefix(order.seat, seen.round), order.ticket))),
        ("seat".into(), text(order.seat)),
        ("round".into(), number(seen.round)),
        ("ticket".into(), text(&order.ticket)),
        ("buyer".into(), text(&order.buyer)),
        ("region".into(), text(&order.region)),
        ("attempt".into(), number(order.attempt)),
        ("sold_at".into(), number(sold_at_ms)),
    ]);
    if let Some(run) = &order.run {
        item.insert("run".into(), text(run));
    }
    item
}

/// A sale read back from the ledger.
pub(super) fn sale(item: &Item) -> Result<Sale, Malformed> {
    Ok(Sale {
        seat: read_id(item, "seat")?,
        round: read_number(item, "round")?,
        ticket: read_id(item, "ticket")?,
        buyer: read_buyer(item, "buyer")?,
        region: read_id(item, "region")?,
        run: if item.contains_key("run") { Some(read_id(item, "run")?) } else { None },
        attempt: read_number(item, "attempt")?,
        sold_at_ms: read_number(item, "sold_at")?,
    })
}

/// What a ledger item's sort key alone tells.
pub(super) fn sale_key(item: &Item) -> Result<(SeatId, Round, Ticket), Malformed> {
    let key = read_text(item, "sale")?;
    let parts = key.split_once('#').and_then(|(seat, rest)| Some((seat, rest.split_once('#')?)));
    let (seat, (round, ticket)) = parts.ok_or(Malformed("sale"))?;
    let invalid = |_: InvalidId| Malformed("sale");
    Ok((
        seat.parse().map_err(invalid)?,
        round.parse().map_err(|_| Malformed("sale"))?,
        ticket.parse().map_err(invalid)?,
    ))
}

/// What the sort keys of a seat's sales begin with.
pub(super) fn seat_prefix(seat: SeatId) -> String {
    format!("{seat}#")
}

/// What the sort keys of a round's sales begin with. Zero-padded, so that rounds sort as numbers.
pub(super) fn round_prefix(seat: SeatId, round: Round) -> String {
    format!("{seat}#{round:010}#")
}

/// A string attribute.
pub(super) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// An attribute that is missing or is not what this program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an item's attribute '{0}' is missing or malformed")]
pub(super) struct Malformed(&'static str);

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn read_text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, Malformed> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or(Malformed(name))
}

fn read_id<T: FromStr<Err = InvalidId>>(item: &Item, name: &'static str) -> Result<T, Malformed> {
    read_text(item, name)?.parse().map_err(|_| Malformed(name))
}

fn read_buyer(item: &Item, name: &'static str) -> Result<BuyerName, Malformed> {
    BuyerName::recorded(read_text(item, name)?).map_err(|_| Malformed(name))
}

fn read_number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Malformed> {
    let value = item.get(name).and_then(|value| value.as_n().ok()).ok_or(Malformed(name))?;
    value.parse().map_err(|_| Malformed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            floor: FloorId::main(),
            seat: "C7".parse().unwrap(),
            buyer: "Ada #1".parse().unwrap(),
            region: "us-east-2".parse().unwrap(),
            ticket: Ticket::from_random(7),
            run: None,
            attempt: 3,
            in_doubt: false,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let seen = Seat { round: 4, reset_round: 2, holder: None };
        for item in [
            SeatItem::sold(&order(), &seen, 1_700_000_000_000),
            SeatItem::available(order().seat, 5, 2, 1_700_000_000_001),
        ] {
            assert_eq!(SeatItem::from_item(&item.clone().into_item(&order().floor)), Ok(item));
        }
        let item = sale_item(&order(), &seen, 1_700_000_000_002);
        let sale = sale(&item).unwrap();
        assert_eq!((sale.buyer, sale.run, sale.attempt), (order().buyer, None, 3));
        assert_eq!(sale_key(&item), Ok((order().seat, 4, order().ticket)));
        assert_eq!(item["sale"], text(format!("C7#0000000004#{}", order().ticket)));
    }

    #[test]
    fn what_is_malformed_is_named() {
        let mut item = sale_item(&order(), &Seat { round: 1, reset_round: 1, holder: None }, 0);
        item.insert("attempt".into(), text("three"));
        assert_eq!(sale(&item), Err(Malformed("attempt")));
        for key in ["", "C7", "C7#1", "C7#one#T", "c7#1#T"] {
            assert_eq!(sale_key(&Item::from([("sale".into(), text(key))])), Err(Malformed("sale")), "{key}");
        }
    }
}
