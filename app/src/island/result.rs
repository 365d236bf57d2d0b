//! The result card: the verdict under one's eyes, everybody's fate, the three sources, the witness.
//!
//! The on-sale fills it live, a run's page once on the server; the same lines say the same things in both.

use super::{
    card::Card,
    marks::Lane,
    model::{Phase, Shown, State},
};
use leptos::prelude::*;

/// The card.
#[component]
pub fn ResultCard(
    /// What it says now.
    card: Memo<Card>,
    /// The on-sale it is on, if it is on one.
    state: Option<State>,
) -> impl IntoView {
    let text = move |read: fn(&Card) -> &String| show(card, move |card| read(card).clone());
    let quiet: Shown<bool> = Box::new(move || match state {
        Some(state) => state.0.with(|model| !matches!(model.bursts[model.shop].phase, Phase::Failed(_))),
        None => true,
    });
    let dismiss = move |_| {
        if let Some(state) = state {
            state.change(|model| model.bursts[model.shop].phase = Phase::Idle);
        }
    };
    let tone = move |name: &'static str| show(card, move |card| [name, " tone-", &card.tone].concat());
    let evidence = show(card, |card| if card.summary.is_empty() { "evidence nothing" } else { "evidence" }.to_owned());
    view! {
        <section class="result" aria-labelledby="verdict">
            <div class=tone("verdict")>
                <span class="big num">{text(|c| &c.big)}</span>
                <div>
                    <h2 id="verdict">{text(|c| &c.headline)}</h2>
                    <p>
                        <b>{text(|c| &c.verdict)}</b>" "{text(|c| &c.sentence)}" "
                        <button class="plain" type="button" hidden=quiet on:click=dismiss>"Dismiss"</button>
                    </p>
                </div>
            </div>
            <div class="fates">
                {lane(card, |c| &c.lanes[0])}
                {lane(card, |c| &c.lanes[1])}
                <p class="legend num" inner_html=text(|c| &c.legend)></p>
                <p class="clock num"><b>{text(|c| &c.answered)}</b>{text(|c| &c.clock)}</p>
            </div>
            <dl class=tone("sources")>
                <div><dt>"Told “confirmed” "<small>"what the app believed"</small></dt><dd>{text(|c| &c.sources[0])}</dd></div>
                <div><dt>"In the ledger "<small>"committed"</small></dt><dd>{text(|c| &c.sources[1])}</dd></div>
                <div><dt>"On the seats table "<small>"what a fan sees"</small></dt><dd>{text(|c| &c.sources[2])}</dd></div>
                <div class="gap"><dt>{text(|c| &c.hidden_name)}</dt><dd>{text(|c| &c.sources[3])}</dd></div>
            </dl>
            <div class="pair">
                <div><b class="num">{text(|c| &c.focus[0])}</b><span>{text(|c| &c.focus[1])}</span></div>
                <div><b class="num">{text(|c| &c.floor_wide[0])}</b><span>{text(|c| &c.floor_wide[1])}</span></div>
            </div>
            <div class="foot">
                <a href=text(|c| &c.address)>"This run, for ever"</a>
                <span>{text(|c| &c.engine)}</span>
            </div>
            <details class=evidence>
                <summary>{text(|c| &c.summary)}</summary>
                <div inner_html=text(|c| &c.evidence)></div>
            </details>
        </section>
    }
}

/// One region's buyers.
fn lane(card: Memo<Card>, of: fn(&Card) -> &Lane) -> impl IntoView {
    let text = move |read: fn(&Lane) -> &String| show(card, move |card| read(of(card)).clone());
    view! {
        <div class="lane">
            <span>{text(|lane| &lane.name)}</span>
            <span class="marks" role="img" aria-label=text(|lane| &lane.spoken) inner_html=text(|lane| &lane.marks)></span>
        </div>
    }
}

/// Something of the card, kept up to date.
fn show(card: Memo<Card>, read: impl Fn(&Card) -> String + Send + Sync + 'static) -> Shown<String> {
    Box::new(move || card.with(&read))
}
