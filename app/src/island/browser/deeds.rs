//! What a visitor can do: look at another database's floor, buy, break, reset. Each is the post of a plain form.

use super::{call, stream};
use crate::functions::{BreakIt, Buy, LoadFloor, Reset};
use crate::island::{
    model::{Burst, Model, Phase, State, question},
    setup::{Floor, Notice},
};
use leptos::{server_fn::ServerFn, task::spawn_local};
use onsale::SeatId;

impl State {
    /// Shows another database's floor.
    pub fn choose(self, shop: usize) {
        self.change(|model| {
            model.shop = shop;
            model.question.clear();
            model.at_controls = Notice::default();
            model.at_map = Notice::default();
        });
        call::remember(&self.now(Model::address));
        self.refresh();
    }

    /// Reads the chosen database's floor again. If it does not answer, the choice goes back to the one that is shown.
    pub fn refresh(self) {
        let (form, asked) = self.now(|model| (model.form(), model.asked + 1));
        self.change(|model| {
            model.loading = true;
            model.asked = asked;
        });
        spawn_local(async move {
            let answer = call::post(LoadFloor::PATH, &form).await;
            self.change(|model| {
                if model.asked != asked {
                    return; // It was asked for again meanwhile; a newer answer is on its way.
                }
                model.loading = false;
                match answer {
                    Ok(floor) => model.floor = Some(Floor::from(floor)),
                    Err(error) => {
                        let shown = model.floor.as_ref().map(|floor| floor.shop.clone());
                        let place = model.setup.shops.iter().position(|shop| Some(&shop.id) == shown.as_ref());
                        if let Some(place) = place.filter(|place| *place != model.shop) {
                            model.shop = place;
                            model.at_controls = Notice::trouble(error);
                            call::remember(&model.address());
                            return;
                        }
                        if let Some(floor) = &mut model.floor {
                            floor.floor_wide = ["–".to_owned(), "floor-wide, not read again".to_owned()];
                        }
                        model.at_map = Notice::trouble(format!("The map could not be read again. {error}"));
                    }
                }
            });
        });
    }

    /// Buys a seat.
    pub fn buy(self, seat: SeatId) {
        if self.now(|model| model.buying.is_some()) {
            return;
        }
        let form = self.now(|model| format!("{}&seat={seat}", model.form()));
        self.change(|model| {
            model.buying = Some(seat);
            model.at_map = Notice::default();
        });
        spawn_local(async move {
            let notice = match call::post(Buy::PATH, &form).await {
                Ok(sold) => Notice::bought(&seat.to_string(), sold.text("ticketId")),
                Err(error) => Notice::trouble(error),
            };
            self.change(|model| {
                model.buying = None;
                model.at_map = notice;
            });
            self.refresh();
        });
    }

    /// Starts a burst, if the fields are right and nothing is under way. `yes`: a seat that somebody bought may be opened.
    pub fn break_it(self, yes: bool) {
        let begun = self.now(|model| {
            let (seat, buyers, think) = (model.target()?, model.buyers_asked()?, model.think_asked()?);
            let idle = !model.bursts[model.shop].is_on() && !model.resetting;
            let form = format!("{}&seat={seat}&buyers={buyers}&think_ms={think}&confirmed={yes}", model.form());
            idle.then(|| (model.shop, model.wish(), form))
        });
        // A field that is wrong says itself what is allowed.
        let Some((shop, wish, form)) = begun else { return };
        self.change(|model| {
            model.question.clear();
            model.at_controls = Notice::default();
            model.bursts[shop] = Burst { wish, run: String::new(), phase: Phase::Asked };
        });
        spawn_local(async move {
            let answer = call::post(BreakIt::PATH, &form).await;
            let mut started = None;
            self.change(|model| {
                let burst = &mut model.bursts[shop];
                match answer {
                    Ok(start) => {
                        if let Some(accepted) = start.find("Started") {
                            burst.run = accepted.text("run");
                            burst.phase = Phase::Queued(accepted.number("ahead"));
                            started = Some(burst.run.clone());
                        } else {
                            let ask = start.get("Ask");
                            burst.phase = Phase::Idle;
                            model.question = question(&ask.text("seat"), &ask.text("owner"));
                        }
                    }
                    Err(error) => burst.phase = Phase::Failed(error),
                }
            });
            if let Some(run) = started {
                stream::watch(self, shop, &run);
            }
        });
    }

    /// Opens every seat that was sold since the last reset.
    pub fn reset(self) {
        if self.now(|model| model.resetting || model.bursts[model.shop].is_on()) {
            return;
        }
        let (shop, form, asked) = self.now(|model| (model.shop, model.form(), model.asked));
        self.change(|model| {
            model.resetting = true;
            model.question.clear();
            model.at_controls = Notice::default();
        });
        spawn_local(async move {
            let answer = call::post(Reset::PATH, &form).await;
            self.change(|model| {
                model.resetting = false;
                model.at_controls = match answer {
                    Ok(floor) => {
                        // Unless it was asked for again meanwhile: then a newer answer is here or on its way.
                        if model.shop == shop && model.asked == asked {
                            model.floor = Some(Floor::from(floor));
                        }
                        model.at_map = Notice::default();
                        model.bursts[shop].phase = Phase::Idle;
                        Notice::done("Every seat is open again. Earlier tickets stay in the ledger.")
                    }
                    Err(error) => Notice::trouble(error),
                };
            });
        });
    }

    /// Puts the floor's link on the clipboard.
    pub fn copy_link(self) {
        let address = self.now(Model::address);
        spawn_local(async move {
            let copied = if call::copy(&address).await { "Copied" } else { "Copy the link by hand" };
            self.change(|model| model.copied = copied);
        });
    }
}
