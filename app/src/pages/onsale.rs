//! `/`: the on-sale. The server reads the floor and renders all of it; the island then brings it to life.

use super::asked::Asked;
use crate::{
    api::FloorView,
    components::{Header, Here},
    island::{
        self, OnSaleFloor, THINK_MS_MAX,
        card::grouped,
        setup::{Floor, Notice, Setup},
    },
    service::Service,
    visitor::{Visitor, has_cookie},
    words::{shop_words, short_title, tested, tone},
};
use evidence::{FOIL, PRODUCT, StressResult, StressTest};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;
use onsale::{Backend, SeatId};
use std::sync::Arc;

/// Keeps the island as the server sent it. Translators and extensions change pages: what they put between its nodes would
/// make the island attach itself to the wrong ones, or stop. [`OnSaleFloor`] reads `restoreIsland` before it wakes up.
const KEEP_ISLAND: &str = r#"{
const island = document.querySelector("leptos-island"), sent = island.cloneNode(true);
const same = (a, b) => a.nodeName == b.nodeName && a.childNodes.length == b.childNodes.length
&& [...a.childNodes].every((child, at) => same(child, b.childNodes[at]));
Object.defineProperty(window, "restoreIsland", { get: () => same(island, sent) || island.replaceChildren(...sent.childNodes) });
}"#;

/// The page.
#[component]
pub fn OnSale() -> impl IntoView {
    let asked = use_query_map().with_untracked(Asked::from_query);
    let mut visitor = Visitor::of_this_request();
    // Only without a cookie: a link cannot make somebody else of a visitor who has one.
    let guest = asked.guest.clone().filter(|_| !has_cookie());
    let keeps_cookies = guest.is_none();
    visitor.buyer = guest.unwrap_or(visitor.buyer);
    let service = expect_context::<Arc<Service>>();
    let backends = service.backends();
    let has_foil = service.has(FOIL);
    // A link from elsewhere to a database that is not here shows the product's, and says so.
    let missing = asked.backend.and_then(|backend| service.missing(backend));
    if let Some(error) = &missing {
        super::set_status(error);
    }
    let missing = missing.map(|error| Notice::trouble(error.to_string()));
    let links = backends.iter().map(|backend| {
        let address = format!("/?backend={backend}");
        let title = service.title(*backend).unwrap_or_else(|| backend.title().to_owned());
        view! { " "<a href=address>{title}</a>"." }
    });
    let links = links.collect_view();
    let pair = {
        let service = Arc::clone(&service);
        // A database that is away is said where its floor would be.
        Suspend::new(async move { service.latest_stress().await.ok().map(|latest| headline(latest.as_deref())) })
    };
    let island = Suspend::new(async move {
        let mut setup = set_up(&service, asked, visitor).await;
        if !keeps_cookies {
            setup.floor = setup.floor.map(Floor::without_cookies);
        }
        setup.at_controls = missing.unwrap_or(setup.at_controls);
        // A "<" in it would end the element early.
        let json = serde_json::to_string(&setup).unwrap_or_default().replace('<', "\\u003c");
        provide_context(setup);
        view! {
            <script type="application/json" id=Setup::ID inner_html=json></script>
            <OnSaleFloor />
            <script nonce=use_nonce() inner_html=KEEP_ISLAND></script>
        }
    });
    view! {
        <Title text="WorldSeat: sold once, proven" />
        <Meta
            name="description"
            content="Sixty buyers hit one seat in the same instant from two regions. The purchase code is naive, read then write; a witness reads the committed ledger and counts who was sold a chair that was taken."
        />
        <Header here=Here::OnSale />
        <main id="main" class="onsale">
            <section class="lead">
                <h1>"One seat. Sixty buyers. Try to sell it twice."</h1>
                <p>
                    {if has_foil { "The same naive code, read then write, runs on two databases." } else { "The code is naive: read, then write." }}
                    " Only the database decides whether the promise on a ticket is kept."
                </p>
                <Suspense>{pair}</Suspense>
                <noscript>
                    <p class="noscript">"Without JavaScript every button still works. Show the floor on:"{links}</p>
                </noscript>
            </section>
            <Suspense>{island}</Suspense>
        </main>
    }
}

/// The two numbers of the latest stress test that was recorded here, or that there are none.
fn headline(latest: Option<&StressTest>) -> impl IntoView + use<> {
    let Some(test) = latest else {
        return view! { <p class="headline-pair">"Not measured on this deployment yet: press Break it."</p> }
            .into_any();
    };
    let side = |backend| {
        let line = test.headline(backend)?;
        let name = format!(" on {}", tested(backend, &line.engine));
        let (run, tone) = (format!("/run/{}", line.run), format!("num tone-{}", tone(line.verdict)));
        Some(view! { <a href=run><b class=tone>{grouped(line.scoreboard.oversold)}</b>{name}</a>", " })
    };
    let result = match test.result() {
        StressResult::Pass => String::new(),
        other => format!(" {other}."),
    };
    view! {
        <p class="headline-pair">
            "Sold twice, measured here: "{side(PRODUCT)}{side(FOIL)}
            {format!("up to {} buyers.{result} ", grouped(test.plan.levels.iter().copied().max().unwrap_or(0).into()))}
            <a href=format!("/proof#{}", test.id)>"How"</a>
        </p>
    }
    .into_any()
}

async fn set_up(service: &Service, asked: Asked, visitor: Visitor) -> Setup {
    let backends = service.backends();
    let shop = asked.backend.and_then(|backend| backends.iter().position(|b| *b == backend)).unwrap_or(0);
    let backend = backends.get(shop).copied().unwrap_or(Backend::Dsql);
    let floor_id = asked.floor.clone().unwrap_or(visitor.floor);
    let view = service.floor_view(backend, &floor_id, &visitor.buyer).await;
    let database = match &view {
        Ok(view) => view.engine.clone(),
        Err(_) => service.title(backend).unwrap_or_else(|| format!("The database behind {}", short_title(backend))),
    };
    let form_error = |at_map: bool| {
        let error = asked.error.as_ref().filter(|error| error.at_map == at_map)?;
        Some(error.words(&database, &service.plan.range(), service.buyers_max))
    };
    let at_map = match &view {
        Ok(view) => form_error(true).or_else(|| bought(&asked, view)),
        Err(error) => {
            super::set_status(error);
            Some(Notice::trouble(error.to_string()))
        }
    };
    let view = view.ok();
    Setup {
        shops: backends.into_iter().map(|backend| shop_words(backend, service.title(backend).as_deref())).collect(),
        shop,
        plan: service.plan,
        buyers_max: service.buyers_max,
        seat: target(service, &asked).to_string(),
        buyers: asked.buyers.filter(|buyers| (2..=service.buyers_max).contains(buyers)).unwrap_or(60),
        think_ms: asked.think_ms.filter(|think| *think <= THINK_MS_MAX).unwrap_or(20),
        floor: view.as_ref().map(|view| Floor::of(view, &visitor.buyer)),
        at_map: at_map.unwrap_or_default(),
        at_controls: form_error(false).unwrap_or_default(),
        question: view.and_then(|view| question(&asked, &view)).unwrap_or_default(),
        floor_id: floor_id.to_string(),
        buyer: visitor.buyer.to_string(),
    }
}

/// The seat for Break it: the one named, unless it was just bought.
fn target(service: &Service, asked: &Asked) -> SeatId {
    let named = asked.seat.filter(|seat| asked.ticket.is_none() && service.plan.contains(*seat));
    let mut seats = service.plan.seats();
    named.or_else(|| seats.next()).unwrap_or_else(|| unreachable!("a floor has a seat"))
}

/// A purchase is confirmed only by the ledger, whatever the address says.
fn bought(asked: &Asked, view: &FloorView) -> Option<Notice> {
    let ticket = asked.ticket.as_ref()?;
    let held = view.tickets.iter().find(|held| held.ticket_id == *ticket);
    Some(match held {
        Some(held) => Notice::bought(&held.seat_id.to_string(), held.ticket_id.to_string()),
        None => Notice::trouble("That ticket is not in your part of the ledger."),
    })
}

/// What a burst asks before it opens a seat that somebody holds.
fn question(asked: &Asked, view: &FloorView) -> Option<String> {
    let seat = asked.seat.filter(|_| asked.ask)?;
    let owner = view.seats.iter().find(|row| row.seat == seat)?.owner.as_ref()?;
    Some(island::question(&seat.to_string(), owner.as_str()))
}
