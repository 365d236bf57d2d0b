//! The result card: the verdict under one's eyes, everybody's fate, the three sources, the witness.
//!
//! The on-sale fills it live, a run's page once on the server; the same lines say the same things in both.

use super::card::{Card, Lane};
use leptos::prelude::*;

/// The card.
#[component]
pub fn ResultCard(
    /// What it says now.
    #[prop(into)]
    card: Signal<Card>,
    /// Called when the visitor has read why there is no result.
    #[prop(optional, into)]
    on_dismiss: Option<Callback<()>>,
) -> impl IntoView {
    let text = move |read: fn(&Card) -> String| Signal::derive(move || card.with(read));
    let class = move |name: &'static str| Signal::derive(move || format!("{name} tone-{}", card.with(|c| c.tone)));
    let region = move |index: usize| {
        let lane = Signal::derive(move || card.with(|c| c.lanes.get(index).cloned().unwrap_or_default()));
        view! { <FateLane lane /> }
    };
    let source = move |index: usize| Signal::derive(move || card.with(|c| c.sources[index].clone()));
    let dismiss = on_dismiss.map(|on_dismiss| {
        let failed = move || !card.with(|c| c.failed);
        view! { <button class="plain" type="button" hidden=failed on:click=move |_| on_dismiss.run(())>"Dismiss"</button> }
    });
    view! {
        <section class="result" aria-labelledby="verdict" aria-busy=move || card.with(|c| c.busy).to_string()>
            <div class=class("verdict")>
                <span class="big num">{text(|c| c.big.clone())}</span>
                <div>
                    <h2 id="verdict">{text(|c| c.headline.clone())}</h2>
                    <p><b>{text(|c| c.verdict.clone())}</b>" "{text(|c| c.sentence.clone())}" "{dismiss}</p>
                </div>
            </div>
            <div class="fates">
                {region(0)}
                {region(1)}
                <p class="legend num" inner_html=text(|c| c.legend.clone())></p>
                <p class="clock num"><b>{text(|c| c.answered.clone())}</b>{text(|c| c.clock.clone())}</p>
            </div>
            <dl class=class("sources")>
                <div><dt>"Told “confirmed” "<small>"what the app believed"</small></dt><dd>{source(0)}</dd></div>
                <div><dt>"In the ledger "<small>"committed, replicas united"</small></dt><dd>{source(1)}</dd></div>
                <div><dt>"On the seats table "<small>"what a fan sees"</small></dt><dd>{source(2)}</dd></div>
                <div class="gap"><dt>{text(|c| c.hidden_name.to_owned())}</dt><dd>{source(3)}</dd></div>
            </dl>
            <div class="pair">
                <div><b class="num">{text(|c| c.focus[0].clone())}</b>{text(|c| c.focus[1].clone())}</div>
                <div><b class="num">{text(|c| c.floor_wide[0].clone())}</b>{text(|c| c.floor_wide[1].clone())}</div>
            </div>
            <Evidence card />
        </section>
    }
}

/// One region's buyers.
#[component]
fn FateLane(lane: Signal<Lane>) -> impl IntoView {
    view! {
        <div class="lane">
            <span>{move || lane.with(|l| l.name.clone())}</span>
            <span
                class="marks"
                role="img"
                aria-label=move || lane.with(|l| l.spoken.clone())
                inner_html=move || lane.with(|l| l.marks.clone())
            ></span>
        </div>
    }
}

/// What the verdict rests on: the run's own page, the tickets, the witness's notes.
#[component]
fn Evidence(card: Signal<Card>) -> impl IntoView {
    let list = move |read: fn(&Card) -> &Vec<String>| {
        move || card.with(|c| read(c).iter().map(|line| view! { <li>{line.clone()}</li> }).collect_view())
    };
    let address = move || card.with(|c| c.run.as_ref().map(|run| format!("/run/{run}")));
    let summary = move || {
        card.with(|c| match c.tickets_all {
            0 => "What the witness checked".to_owned(),
            1 => "The ticket, and what the witness checked".to_owned(),
            n => format!("The {} tickets, and what the witness checked", super::card::grouped(n)),
        })
    };
    let more = move || {
        card.with(|c| match c.tickets_all.saturating_sub(c.tickets.len() as u64) {
            0 => String::new(),
            more => format!("and {} more", super::card::grouped(more)),
        })
    };
    let nothing_yet = move || card.with(|c| c.expert.is_empty());
    view! {
        <div class="foot">
            <a href=address>
                {move || if address().is_some() { "This run, for ever" } else { "Every run gets a permanent link" }}
            </a>
            <span>
                {move || {
                    if card.with(|c| c.not_stored) {
                        "It could not be stored: its link ends with the server.".to_owned()
                    } else {
                        card.with(|c| c.engine.clone())
                    }
                }}
            </span>
        </div>
        <details class="evidence" class:nothing=nothing_yet>
            <summary>{summary}</summary>
            <ol class="codes">{list(|c| &c.tickets)}</ol>
            <p>{more}</p>
            <ul>{list(|c| &c.expert)}</ul>
        </details>
    }
}
