//! The time rules: is there an instant of sale that explains every answer about the round?

use crate::observation::{Observation, Saw, observations};
use crate::records::Register;
use crate::sales::{Sales, Sold};
use crate::words::buyers;
use crate::{Finding, Rule, Window};

/// Compares every answer with the sales, and "available" with "sold"; each answer is reported under one rule. Returns
/// where the one sale of the round can lie: what the proof calls `p`.
pub(crate) fn check(register: &Register<'_>, sales: &Sales<'_>, findings: &mut Vec<Finding>) -> Option<Window> {
    let bounds = Bounds::of(register, sales);
    let mut broken = [Rule::StaleRejection, Rule::WrongHolder, Rule::StaleAvailable, Rule::SoldThenAvailable]
        .map(|rule| Offenders { rule, operations: Vec::new(), worst: None });
    let suspects = bounds.is_broken.then(|| observations(register, sales));
    for seen in suspects.into_iter().flatten() {
        if let Some(rule) = bounds.broken_by(&seen, sales) {
            broken.iter_mut().filter(|offenders| offenders.rule == rule).for_each(|offenders| offenders.add(&seen));
        }
    }
    let reported = broken.into_iter().filter(|offenders| !offenders.operations.is_empty());
    findings.extend(reported.map(|offenders| offenders.into_finding(register, sales, &bounds)));
    bounds.sale_window(register, sales)
}

/// The bounds that answers are compared with.
struct Bounds<'a> {
    starts_first: Option<&'a Sold<'a>>,
    ends_first: Option<&'a Sold<'a>>,
    seen_sold: Option<Observation<'a>>,
    last_available_us: u64,
    /// Some answer misses one of them.
    is_broken: bool,
}

impl<'a> Bounds<'a> {
    fn of(register: &Register<'a>, sales: &'a Sales<'a>) -> Self {
        let mut bounds = Self {
            starts_first: sales.iter().min_by_key(|sale| sale.start_us),
            ends_first: sales.iter().min_by_key(|sale| sale.end_us),
            seen_sold: None,
            last_available_us: 0,
            is_broken: false,
        };
        observations(register, sales).for_each(|seen| {
            match seen.saw {
                Saw::Available => bounds.last_available_us = bounds.last_available_us.max(seen.start_us),
                Saw::Sold(_) if bounds.seen_sold.is_none_or(|first| seen.end_us < first.end_us) => {
                    bounds.seen_sold = Some(seen);
                }
                Saw::Sold(_) => {}
            }
            bounds.is_broken |= bounds.broken_by(&seen, sales).is_some();
        });
        bounds.is_broken |= bounds.seen_sold.is_some_and(|sold| bounds.last_available_us > sold.end_us);
        bounds
    }

    fn sale_window(&self, register: &Register<'_>, sales: &Sales<'_>) -> Option<Window> {
        let sale = self.starts_first.filter(|_| sales.len() == 1)?;
        let seen_us = self.seen_sold.map_or(u64::MAX, |sold| sold.end_us);
        let from_us = sale.start_us.max(self.last_available_us);
        let to_us = sale.end_us.min(seen_us).min(register.clock.latest(register.run.end_us).max(sale.start_us));
        (from_us <= to_us).then_some(Window { from_us, to_us })
    }

    fn broken_by(&self, seen: &Observation<'_>, sales: &Sales<'_>) -> Option<Rule> {
        match seen.saw {
            Saw::Sold(named) => {
                let sale = named.map_or(self.starts_first, |ticket| sales.find(ticket));
                match sale {
                    None if sales.len() > 0 => Some(Rule::WrongHolder),
                    None => Some(Rule::StaleRejection),
                    Some(sale) => (seen.end_us < sale.start_us).then_some(Rule::StaleRejection),
                }
            }
            Saw::Available if self.ends_first.is_some_and(|sale| seen.start_us > sale.end_us) => {
                Some(Rule::StaleAvailable)
            }
            Saw::Available => {
                let after_sold = self.seen_sold.is_some_and(|sold| seen.start_us > sold.end_us);
                after_sold.then_some(Rule::SoldThenAvailable)
            }
        }
    }
}

/// The answers that break one rule.
struct Offenders {
    rule: Rule,
    operations: Vec<usize>,
    /// The operation that misses its bound by most, and the stamp that shows it.
    worst: Option<(usize, u64)>,
}

impl Offenders {
    fn add(&mut self, seen: &Observation<'_>) {
        if self.operations.last() != Some(&seen.operation) {
            self.operations.push(seen.operation);
        }
        let (stamp, worse) = match seen.saw {
            Saw::Sold(_) => (seen.end_us, self.worst.is_none_or(|(_, us)| seen.end_us < us)),
            Saw::Available => (seen.start_us, self.worst.is_none_or(|(_, us)| seen.start_us > us)),
        };
        if worse {
            self.worst = Some((seen.operation, stamp));
        }
    }

    fn into_finding(self, register: &Register<'_>, sales: &Sales<'_>, bounds: &Bounds<'_>) -> Finding {
        let who = buyers(self.operations.len() as u64);
        let seat = register.seat;
        let named = |sale: Option<&Sold<'_>>| sale.map(|sale| (sale.operation, sale.ticket.clone())).unzip();
        let (other, ticket) = match self.rule {
            Rule::StaleRejection => named(bounds.starts_first),
            Rule::StaleAvailable => named(bounds.ends_first),
            Rule::SoldThenAvailable => (Some(bounds.seen_sold.map(|sold| sold.operation)), None),
            _ => (None, None),
        };
        let sentence = match self.rule {
            Rule::StaleRejection if sales.len() == 0 => {
                format!("{who} saw seat {seat} as sold, though the ledger holds no sale of it.")
            }
            Rule::StaleRejection => format!("{who} saw seat {seat} as sold before the sale could have begun."),
            Rule::WrongHolder => format!("{who} saw seat {seat} held by a ticket that is not in the ledger."),
            Rule::StaleAvailable => format!("{who} saw seat {seat} as free after it had been sold."),
            _ => format!("{who} saw seat {seat} as free after a buyer had seen it as sold."),
        };
        let mut shown_by: Vec<_> = other.flatten().into_iter().chain(self.worst.map(|(index, _)| index)).collect();
        shown_by.sort_unstable();
        shown_by.dedup();
        let tickets =
            if self.rule == Rule::WrongHolder { strangers(register, sales) } else { ticket.into_iter().collect() };
        Finding { rule: self.rule, seat, tickets, operations: self.operations, shown_by, sentence }
    }
}

/// The tickets that were seen as holders and are not in the ledger.
fn strangers(register: &Register<'_>, sales: &Sales<'_>) -> Vec<onsale::Ticket> {
    let mut tickets: Vec<_> = observations(register, sales)
        .filter_map(|seen| if let Saw::Sold(named) = seen.saw { named } else { None })
        .filter(|ticket| sales.find(ticket).is_none())
        .collect();
    tickets.sort_unstable();
    tickets.dedup();
    tickets.into_iter().cloned().collect()
}
