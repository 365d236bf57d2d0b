//! The Consistency Witness: it reads committed history and says how many people hold a ticket for the same chair.
//! It cannot fail, does no I/O, reads no clock, and runs in the browser too.
//!
//! # Why the rules of [`judge_run`] are sound and complete
//!
//! **The register.** One seat in one round is a register that changes at most twice: an *opening* at some instant `o`
//! makes it free, and an *acquire* by one ticket at some instant `p ≥ o` makes it sold to that ticket. It never goes
//! back; another round is another register. Every recorded call has a closed interval `[start, end]` on one monotonic
//! clock, took effect (if it did) at one instant inside it, and a call precedes another only if its end lies *strictly*
//! before the other's start: equal stamps are compatible, so no tick of a clock can make a correct database look wrong.
//! A history is linearizable if some choice of instants explains every answer. What is observed:
//! - *older* (a read that shows an earlier round) needs an instant before or at `o`: `start ≤ o`. So does a purchase of
//!   an earlier round, whose `start` is the answer to its read of that round, because it wrote nothing before;
//! - *this round* (free or sold) needs one at or after `o`: `end ≥ o`;
//! - *not sold* (older, or free) needs one before or at `p`: `start ≤ p`;
//! - *sold* (a read, or a rejection) needs one at or after `p`: `end ≥ p`.
//!
//! So `o` and `p` exist if and only if
//! `max(opening.start, older.start…) ≤ o ≤ min(opening.end, this round's ends…)`,
//! `max(winner.start, not sold.start…) ≤ p ≤ min(winner.end, sold.end…)` and `o ≤ p` can be met together. Bounds on a
//! line can be met together exactly if no lower bound exceeds an upper bound, so comparing each kind of lower bound with
//! each kind of upper bound *is* the decision: soundness, because each comparison that fails names two calls whose
//! answers no order explains; completeness, because when none fails, `p` may be any instant of
//! [`RunVerdict::sale_window`], which is printed: it goes from the largest lower bound of `p` to the smallest upper one,
//! and `o` may then be the smallest of its own upper bounds and `p`. Without a sale there is no `p`, and any "sold" is
//! wrong.
//!
//! **A rejection whose read is not on record** does not say which round it was about. It needs `start ≤ o` (an earlier
//! round was sold) *or* `end ≥ p`; it starts where the buyer's last recorded read ended. Let `b` be the smallest of
//! `opening.end` and the ends of this round's reads. If `start ≤ b`, every choice of `p` explains it, with
//! `o = min(b, p)`: either `start ≤ o`, or else `p < start ≤ end`. If `start > b`, no `o` does, and it is a "sold" like
//! any other. So one comparison decides, and a choice is never searched for.
//!
//! **Earlier rounds** are not judged, but for this: rounds only rise, so a read of round 4 after one of round 5 is
//! wrong, and so is a sale. What a buyer was told "confirmed" and the ledger of this round does not hold was bought in
//! the round that the buyer last read as available (in an earlier one, if no such read is on record and the call began
//! before the opening had ended). Of the register's round, it is a lost sale. Of an earlier one, it is a lost sale too if
//! that round was over before the purchase can have been made, because then there is no round it can have been a sale of;
//! if the ledger happens to hold it in that earlier round, the same comparison makes it a sale in a round that was over.
//! If the purchase can have been made in time, the ledger, which is that of the rounds that the run opened, cannot
//! settle it: [`Verdict::Inconclusive`], and never ✓.
//!
//! **Several seats** are several registers, and a purchase touches one. Linearizability is local (Herlihy and Wing, 1990,
//! theorem 1): a history is linearizable exactly if its part on each register is, so each seat and round is judged alone
//! and the run is violated if one of them is.
//!
//! **The ledger** is read after every call ended, so it is the last read of the register and names the winner: two
//! tickets are two acquires, which no register allows; an acknowledged ticket must stand in it (its acquire happened
//! before); a row must belong to a call that may have happened (told "confirmed", or unknown) or to somebody outside the
//! run, of whom we know no interval and assume the widest. "Sold to X" must name the ledger's ticket. The seats table is
//! a read of the register after every call as well; it must be read before the ledger is, so that its owner can be found
//! there. Two sales leave no winner to compare with; the time rules then hold against the earliest of them, because from
//! the first sale on, nothing may show the seat as free.
//!
//! **The winner's interval** begins where its first read of "available" was answered (a purchase writes only after it),
//! not at the barrier: that is what gives the time rules teeth. Later reads of its own bound `p` as anybody's do. A read
//! must be stamped *before its snapshot can be taken*, that is before BEGIN is sent, and after its answer arrived.
//!
//! **Two clocks.** Where more than one clock stamped the run, [`onsale::Run::skew_us`] bounds how far any two of them
//! differ. Take one of them as the run's own: an instant stamped `t` lies within `[t − skew, t + skew]` of it. So every
//! interval is widened by the skew on both sides before anything is compared, lower bounds down and upper bounds up, and
//! what held of the true instants holds of the widened ones: a history that some choice of instants explains is never
//! called violated. What is given up is power: two answers that contradict each other by less than twice the skew pass.
//! The counts (two tickets, a missing one) need no clock and lose nothing.
//!
//! **Unknown outcomes.** A call whose answer was lost never ended. In the ledger: it happened. Not in the ledger: it
//! had not happened when the ledger was read, so it explains no answer of the run. It may still land: a commit or a put
//! may be under way to the database when its connection dies, and that nothing sold later is what is being tested, so it
//! cannot be assumed. (On a database with transactions a buyer in doubt looks its ticket up and touches the seat's row
//! in one transaction, which fences the lost commit off; an outcome is left unknown only if that failed too.) Herlihy
//! and Wing let such a call be dropped, and the history so far is linearizable; but a page that says "one ticket for
//! this chair" speaks of the round and not of the history so far. Hence [`Verdict::Unknown`] and not ✓, unless the
//! record shows that this buyer never read "available" and therefore wrote nothing.

mod across;
mod books;
mod earlier;
mod explain;
mod finding;
mod floor;
mod glance;
mod observation;
mod reconcile;
mod records;
mod register;
mod rounds;
mod run;
mod rush;
mod sales;
mod sentence;
mod verdict;
mod words;

pub use explain::{Words, explain_floor, explain_reconciliation, explain_run};
pub use finding::{Finding, Rule};
pub use floor::{FloorVerdict, FloorWord, focus_count, judge_floor};
pub use reconcile::{Reconciliation, reconcile};
pub use run::{Reason, RunVerdict, Window, judge_run};
pub use sentence::verdict_sentence;
pub use verdict::Verdict;
