//! The island's few words with the browser: a form's post, the address, the clipboard, the focus.
//!
//! A post here is what the plain form would send, asked for as JSON.

use super::json::Json;
use crate::island::setup::Setup;
use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Headers, HtmlElement, RequestInit, Response};
use wasm_bindgen_futures::JsFuture;

/// What the server found.
pub fn setup() -> Setup {
    // Hydration must find what the server sent: the page's script puts back what translators and extensions changed when
    // this property is read, which costs fewer bytes than a call.
    let _ = Json(window().into()).get("restoreIsland");
    let element = document().get_element_by_id(Setup::ID);
    element.and_then(|element| Json::parse(&element.text_content()?)).map(Setup::from).unwrap_or_default()
}

/// Posts a form to a server function. If it does not answer as asked: what happened and what to do.
pub(super) async fn post(path: &str, form: &str) -> Result<Json, String> {
    let Ok((ok, answer)) = send(path, form).await else {
        return Err("The server does not answer. Check your connection and try again.".to_owned());
    };
    let json = Json(answer);
    if ok { Ok(json) } else { Err(json.text("error")) }
}

async fn send(path: &str, form: &str) -> Result<(bool, JsValue), JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(form));
    let headers = Headers::new()?;
    headers.set("accept", "application/json")?;
    headers.set("content-type", "application/x-www-form-urlencoded")?;
    init.set_headers(&headers);
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?.unchecked_into();
    Ok((response.ok(), JsFuture::from(response.json()?).await?))
}

/// Puts an address into the address bar.
pub(super) fn remember(address: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// Puts the whole form of an address of ours on the clipboard.
pub(super) async fn copy(address: &str) -> bool {
    let origin = window().location().origin().unwrap_or_default();
    // Absent where the page was not delivered safely.
    let clipboard = window().navigator().clipboard();
    if clipboard.is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(&format!("{origin}{address}"))).await.is_ok()
}

/// Moves the focus.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let _ = element.unchecked_ref::<HtmlElement>().focus();
    }
}

/// Tells tests and the style that the island is alive.
pub fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "true");
    }
}
