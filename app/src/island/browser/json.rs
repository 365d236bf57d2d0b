//! What the server sends, read with the browser's own JSON parser.
//!
//! A parser of our own in the wasm file, and code for every type it reads, would be a third of what a visitor loads.
//! The names here are those of the types' fields; the browser tests read every one of them.

use crate::island::{
    card::Card,
    setup::{Floor, Notice, Setup, ShopWords},
};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::js_sys::{Array, JSON, Reflect};
use onsale::{FloorPlan, Outcome};

/// Anything that was read. What is not there is empty.
pub struct Json(pub JsValue);

impl Json {
    /// Reads a text; nothing if it is not JSON.
    pub fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// A field.
    pub fn get(&self, name: &str) -> Self {
        Self(Reflect::get(&self.0, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED))
    }

    /// A field, if it is there.
    pub fn find(&self, name: &str) -> Option<Self> {
        Some(self.get(name)).filter(|json| !json.0.is_undefined() && !json.0.is_null())
    }

    /// As a text.
    pub fn text(&self, name: &str) -> String {
        self.get(name).as_text()
    }

    /// As a number that fits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the server sends whole numbers")]
    pub fn number(&self, name: &str) -> u32 {
        self.get(name).0.as_f64().unwrap_or_default() as u32
    }

    /// As a yes or no.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).0.is_truthy()
    }

    /// As a list.
    pub fn list(&self, name: &str) -> Vec<Self> {
        self.get(name).0.dyn_into::<Array>().map(|array| array.iter().map(Self).collect()).unwrap_or_default()
    }

    /// As a list of texts.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().map(Self::as_text).collect()
    }

    /// As so many texts.
    fn fixed<const N: usize>(&self, name: &str) -> [String; N] {
        self.texts(name).try_into().unwrap_or([const { String::new() }; N])
    }

    fn as_text(&self) -> String {
        self.0.as_string().unwrap_or_default()
    }

    /// What a buyer was told.
    pub fn outcome(&self, name: &str) -> Outcome {
        match self.text(name).as_str() {
            "confirmed" => Outcome::Confirmed,
            "rejected" => Outcome::Rejected,
            "error" => Outcome::Error,
            _ => Outcome::Unknown,
        }
    }
}

impl From<Json> for Floor {
    fn from(json: Json) -> Self {
        Self {
            shop: json.text("shop"),
            engine: json.text("engine"),
            regions: json.texts("regions"),
            looks: json.text("looks"),
            tally: json.text("tally"),
            floor_wide: json.fixed("floor_wide"),
            stubs: json.text("stubs"),
            stubs_tally: json.text("stubs_tally"),
        }
    }
}

impl From<Json> for Card {
    fn from(json: Json) -> Self {
        Self {
            tone: json.text("tone"),
            big: json.text("big"),
            headline: json.text("headline"),
            verdict: json.text("verdict"),
            sentence: json.text("sentence"),
            oversold: json.flag("oversold"),
            answered: json.text("answered"),
            clock: json.text("clock"),
            sources: json.fixed("sources"),
            hidden_name: json.text("hidden_name"),
            focus: json.fixed("focus"),
            engine: json.text("engine"),
            address: json.text("address"),
            summary: json.text("summary"),
            evidence: json.text("evidence"),
            ..Self::default()
        }
    }
}

impl From<Json> for Notice {
    fn from(json: Json) -> Self {
        Self { text: json.text("text"), code: json.text("code"), wrong: json.flag("wrong") }
    }
}

impl From<Json> for ShopWords {
    fn from(json: Json) -> Self {
        Self {
            id: json.text("id"),
            name: json.text("name"),
            title: json.text("title"),
            hidden_name: json.text("hidden_name"),
        }
    }
}

impl From<Json> for Setup {
    #[expect(clippy::cast_possible_truncation, reason = "a floor has at most 26 rows and 999 seats in each")]
    fn from(json: Json) -> Self {
        let plan = json.get("plan");
        Self {
            floor_id: json.text("floor_id"),
            buyer: json.text("buyer"),
            shops: json.list("shops").into_iter().map(ShopWords::from).collect(),
            shop: json.number("shop") as usize,
            plan: FloorPlan { rows: plan.number("rows") as u8, seats_per_row: plan.number("seats_per_row") as u16 },
            buyers_max: json.number("buyers_max"),
            seat: json.text("seat"),
            buyers: json.number("buyers"),
            think_ms: json.number("think_ms"),
            floor: json.find("floor").map(Floor::from),
            at_map: json.get("at_map").into(),
            at_controls: json.get("at_controls").into(),
            question: json.text("question"),
        }
    }
}
