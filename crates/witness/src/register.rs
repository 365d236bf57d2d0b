//! The time rules: is there an instant of sale that explains every answer about the round?

use crate::books::{distinct, sorted};
use crate::observation::{Observation, Saw, observations};
use crate::records::Register;
use crate::sales::{Sales, Sold};
use crate::words::buyers;
use crate::{Finding, Rule, Window};
use onsale::{Seen, Ticket};

/// Compares every answer with the sales, and "available" with "sold"; each answer is reported under one rule. Returns
/// where the one sale of the round can lie: what the proof calls `p`.
pub(crate) fn check(register: &Register<'_>, sales: &Sales<'_>, findings: &mut Vec<Finding>) -> Option<Window> {
    let bounds = Bounds::of(register, sales);
    let mut broken = [Rule::StaleRejection, Rule::WrongHolder, Rule::StaleAvailable, Rule::SoldThenAvailable]
        .map(|rule| Offenders { rule, operations: Vec::new(), tickets: Vec::new(), best: None });
    let suspects = bounds.is_broken.then(|| observations(register, sales));
    let mut own_sold = OwnSold { register, of: None };
    for seen in suspects.into_iter().flatten() {
        if let Some(breach) = bounds.broken_by(&seen, sales) {
            let others = breach.others(&seen, register, sales, &bounds, &mut own_sold);
            if let Some(offenders) = broken.iter_mut().find(|offenders| offenders.rule == breach.rule) {
                offenders.add(&seen, &breach, others, sales.len());
            }
        }
    }
    let reported = broken.into_iter().filter(|offenders| !offenders.operations.is_empty());
    findings.extend(reported.map(|offenders| offenders.into_finding(register, sales)));
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

    /// Where the sale can lie, as the crate's front page has it: no earlier than the round, by whatever shows that the
    /// earlier one still was, and no later than the run.
    fn sale_window(&self, register: &Register<'_>, sales: &Sales<'_>) -> Option<Window> {
        // A seats table that shows nobody was read before the sale, though after the run.
        let after_the_run = register.seat_rows().any(|row| row.round == register.round && row.holder.is_none());
        let sale = self.starts_first.filter(|_| sales.len() == 1 && !after_the_run)?;
        let seen_us = self.seen_sold.map_or(u64::MAX, |sold| sold.end_us);
        let from_us = sale.start_us.max(self.last_available_us).max(sales.older_us);
        let to_us = sale.end_us.min(seen_us).min(register.clock.latest(register.run.end_us).max(sale.start_us));
        (from_us <= to_us).then_some(Window { from_us, to_us })
    }

    fn broken_by(&self, seen: &Observation<'a>, sales: &'a Sales<'a>) -> Option<Breach<'a>> {
        let breach = |rule, sale| Some(Breach { rule, sale });
        match seen.saw {
            Saw::Sold(named) => match named.map_or(self.starts_first, |ticket| sales.find(ticket)) {
                None if sales.len() > 0 => breach(Rule::WrongHolder, None),
                None => breach(Rule::StaleRejection, None),
                Some(sale) if seen.end_us < sale.start_us => breach(Rule::StaleRejection, Some(sale)),
                Some(_) => None,
            },
            Saw::Available => match self.ends_first.filter(|sale| seen.start_us > sale.end_us) {
                Some(sale) => breach(Rule::StaleAvailable, Some(sale)),
                None if self.seen_sold.is_some_and(|sold| seen.start_us > sold.end_us) => {
                    breach(Rule::SoldThenAvailable, None)
                }
                None => None,
            },
        }
    }
}

/// The rule that an answer breaks, and the sale that it was compared with.
struct Breach<'a> {
    rule: Rule,
    sale: Option<&'a Sold<'a>>,
}

/// What must be known beside an answer to see that it breaks its rule.
#[derive(Clone, Copy, Default)]
struct Others {
    /// The operation that it contradicts.
    first: Option<usize>,
    /// Who had seen the round by then.
    second: Option<usize>,
    /// Every sale: none of them began in time.
    every_sale: bool,
}

impl Others {
    fn needed(self, sales: usize) -> usize {
        usize::from(self.first.is_some()) + usize::from(self.second.is_some()) + if self.every_sale { sales } else { 0 }
    }
}

impl Breach<'_> {
    fn others(
        &self,
        seen: &Observation<'_>,
        register: &Register<'_>,
        sales: &Sales<'_>,
        bounds: &Bounds<'_>,
        own_sold: &mut OwnSold<'_, '_>,
    ) -> Others {
        let mut others = Others::default();
        others.first = match (self.rule, self.sale) {
            // No sale began before the opening did.
            (Rule::StaleRejection, _) if seen.end_us < register.opened.0 => None,
            (Rule::StaleRejection, Some(_)) if matches!(seen.saw, Saw::Sold(None)) && sales.len() > 1 => {
                others.every_sale = true;
                None
            }
            (Rule::StaleAvailable, Some(first)) => {
                let own = sales.find(&register.run.operations[seen.operation].ticket);
                own.filter(|own| own.end_us < seen.start_us).unwrap_or(first).operation
            }
            (Rule::SoldThenAvailable, _) if own_sold.by(seen.operation) < seen.start_us => None,
            (Rule::SoldThenAvailable, _) => bounds.seen_sold.map(|sold| sold.operation),
            (_, sale) => sale.and_then(|sale| sale.operation),
        };
        others.first = others.first.filter(|other| *other != seen.operation);
        // Without its read, that a "sold" is an answer about this round must be shown too.
        let sold = if self.rule == Rule::SoldThenAvailable { bounds.seen_sold } else { Some(*seen) };
        let is_unread = |sold: Observation<'_>| matches!(sold.saw, Saw::Sold(None));
        others.second = sold
            .filter(|sold| is_unread(*sold) && sold.start_us <= register.opened.1)
            .filter(|sold| sold.operation == seen.operation || others.first == Some(sold.operation))
            .and(sales.read_by)
            .filter(|other| *other != seen.operation && others.first != Some(*other));
        others
    }
}

/// When the operation that was asked about last had itself seen the seat as sold.
struct OwnSold<'r, 'a> {
    register: &'r Register<'a>,
    of: Option<(usize, u64)>,
}

impl OwnSold<'_, '_> {
    fn by(&mut self, operation: usize) -> u64 {
        if let Some((_, us)) = self.of.filter(|(known, _)| *known == operation) {
            return us;
        }
        let reads = self.register.run.operations[operation].reads.iter();
        let sold = reads.filter(|read| read.round == self.register.round && matches!(read.seen, Seen::Sold(_)));
        let us = sold.map(|read| self.register.clock.latest(read.end_us)).min().unwrap_or(u64::MAX);
        self.of = Some((operation, us));
        us
    }
}

/// The answers that break one rule.
struct Offenders<'a> {
    rule: Rule,
    operations: Vec<usize>,
    tickets: Vec<&'a Ticket>,
    /// The answer that needs the fewest operations to show it, and of these misses its bound by most.
    best: Option<Best>,
}

struct Best {
    needed: usize,
    missed_us: u64,
    operation: usize,
    others: Others,
}

impl<'a> Offenders<'a> {
    fn add(&mut self, seen: &Observation<'a>, breach: &Breach<'a>, others: Others, sales: usize) {
        if self.operations.last() != Some(&seen.operation) {
            self.operations.push(seen.operation);
        }
        let stranger = if let (Rule::WrongHolder, Saw::Sold(named)) = (self.rule, seen.saw) { named } else { None };
        let ticket = breach.sale.map(|sale| sale.ticket).or(stranger);
        self.tickets.extend(ticket.filter(|ticket| self.tickets.last() != Some(ticket)));
        let needed = others.needed(sales);
        let missed_us = match seen.saw {
            Saw::Sold(_) => breach.sale.map_or(u64::MAX, |sale| sale.start_us).saturating_sub(seen.end_us),
            Saw::Available => seen.start_us,
        };
        if self.best.as_ref().is_none_or(|best| (needed, best.missed_us) < (best.needed, missed_us)) {
            self.best = Some(Best { needed, missed_us, operation: seen.operation, others });
        }
    }

    fn into_finding(self, register: &Register<'_>, sales: &Sales<'_>) -> Finding {
        let who = buyers(self.operations.len() as u64);
        let seat = register.seat;
        let sentence = match self.rule {
            Rule::StaleRejection if sales.len() == 0 => {
                format!("{who} saw seat {seat} as sold, though the ledger holds no sale of it.")
            }
            Rule::StaleRejection => format!("{who} saw seat {seat} as sold before the sale could have begun."),
            Rule::WrongHolder => format!("{who} saw seat {seat} held by a ticket that is not in the ledger."),
            Rule::StaleAvailable => format!("{who} saw seat {seat} as free after it had been sold."),
            _ => format!("{who} saw seat {seat} as free after a buyer had seen it as sold."),
        };
        let mut shown_by = Vec::new();
        if let Some(best) = self.best {
            shown_by.push(best.operation);
            shown_by.extend([best.others.first, best.others.second].into_iter().flatten());
            shown_by.extend(sales.iter().filter_map(|sale| sale.operation).filter(|_| best.others.every_sale));
        }
        Finding {
            rule: self.rule,
            seat,
            tickets: distinct(self.tickets.into_iter()),
            operations: self.operations,
            shown_by: sorted(shown_by.into_iter()),
            sentence,
        }
    }
}
