//! The evidence, buyer by buyer: sorted and searched by the server, so that it needs no JavaScript.

use super::{
    look::{Look, Sort},
    timeline::axis::ms,
};
use crate::island::card::grouped;
use evidence::RunDocument;
use leptos::prelude::*;
use onsale::{Operation, Run, Seen};
use std::sync::Arc;

/// Rows on one page of the table.
const ROWS: usize = 30;

/// The table, its search, and its pages.
#[component]
pub fn Buyers(document: Arc<RunDocument<'static>>, look: Look) -> impl IntoView {
    let run = &*document.run;
    let rush = run.plan.seats.len() > 1;
    let found = find(run, &look);
    let pages = found.len().div_ceil(ROWS).max(1);
    let page = look.page.min(pages);
    let shown = &found[(page - 1) * ROWS..found.len().min(page * ROWS)];
    let rows = shown.iter().map(|index| row(run, *index, rush)).collect_view();
    let columns = Sort::ALL.into_iter().filter(|sort| rush || *sort != Sort::Seat);
    let heads = columns.map(|sort| head(sort, &look)).collect_view();
    let turn = |name: &'static str, to: usize| {
        let address = Look { page: to, ..look.clone() }.address("buyers");
        view! { <a href=address>{name}</a>" " }
    };
    let summary = format!(
        "{} of {} buyers, page {page} of {pages}. Times count from the fall of the barrier.",
        grouped(found.len() as u64),
        grouped(run.operations.len() as u64)
    );
    view! {
        <section class="buyers" id="buyers">
            <h2>"Buyer by buyer"</h2>
            <form method="get" action="#buyers" role="search">
                <label>"Ticket, buyer, region or outcome "<input type="search" name="q" value=look.search.clone() maxlength="64" /></label>
                <input type="hidden" name="sort" value=sort_value(&look) />
                {look.window_us.map(|(from, to)| view! {
                    <input type="hidden" name="from" value=from />
                    <input type="hidden" name="to" value=to />
                })}
                <button class="go small" type="submit">"Search"</button>
            </form>
            <p class="soft num">
                {summary}" "
                {(page > 1).then(|| turn("Page before", page - 1))}
                {(page < pages).then(|| turn("Next page", page + 1))}
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Buyer by buyer">
                <table class="plain-table">
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn sort_value(look: &Look) -> String {
    format!("{}{}", if look.descending { "-" } else { "" }, look.sort.words().0)
}

/// The buyers that were searched for, in the order asked for.
fn find(run: &Run, look: &Look) -> Vec<usize> {
    let wanted = look.search.to_lowercase();
    let text = |op: &Operation| {
        let told = op.outcome.as_str();
        format!("{} {} {} {} {told}", op.buyer, op.region, op.seat, op.ticket).to_lowercase()
    };
    let matches = |index: &usize| wanted.is_empty() || text(&run.operations[*index]).contains(&wanted);
    let mut found: Vec<usize> = (0..run.operations.len()).filter(matches).collect();
    found.sort_by(|a, b| look.sort.compare(&run.operations[*a], &run.operations[*b]));
    if look.descending {
        found.reverse();
    }
    found
}

fn head(sort: Sort, look: &Look) -> impl IntoView + use<> {
    let (_, name) = sort.words();
    let here = look.sort == sort;
    let descending = here && !look.descending;
    let address = Look { sort, descending, page: 1, ..look.clone() }.address("buyers");
    let order = match (here, look.descending) {
        (false, _) => "none",
        (true, false) => "ascending",
        (true, true) => "descending",
    };
    view! { <th scope="col" aria-sort=order><a href=address>{name}</a></th> }
}

fn row(run: &Run, index: usize, rush: bool) -> impl IntoView + use<> {
    let op = &run.operations[index];
    let since = |stamp: u64| ms(stamp.saturating_sub(run.barrier_us));
    let last = op.reads.last().map(|read| match &read.seen {
        Seen::Available => ", read “available”".to_owned(),
        Seen::Sold(ticket) => format!(", read “sold” to {ticket}"),
    });
    let told = format!("{}{}", op.outcome.as_str(), last.unwrap_or_default());
    let reason = op.reason.as_deref().map(str::to_owned).map(|reason| view! { <br /><small>{reason}</small> });
    view! {
        <tr>
            <td>{op.buyer.to_string()}</td>
            <td>{op.region.to_string()}</td>
            {rush.then(|| view! { <td>{op.seat.to_string()}</td> })}
            <td><code>{op.ticket.to_string()}</code></td>
            <td>{since(op.start_us)}</td>
            <td>{since(op.end_us)}</td>
            <td>{op.attempts}</td>
            <td>{told}{reason}</td>
        </tr>
    }
}
