//! The island's few words with the browser: a form's post, the address, the clipboard, the focus.
//!
//! A post here is what the plain form would send, asked for as JSON. Generated clients of the server functions would
//! do the same for eight kilobytes more.

#[cfg(feature = "hydrate")]
pub use browser::{copy, focus, mark_hydrated, post, remember};
#[cfg(not(feature = "hydrate"))]
pub use server::{copy, focus, mark_hydrated, post, remember};

use onsale::Backend;

/// The body of a form post. The values are names of ours; only a buyer's may hold anything that needs escaping.
pub fn body(fields: &[(&str, &str)], backend: Backend) -> String {
    let mut out = format!("backend={backend}");
    for (name, value) in fields {
        out.push('&');
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
                _ => {
                    out.push('%');
                    out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
                }
            }
        }
    }
    out
}

#[cfg(feature = "hydrate")]
mod browser {
    use crate::error::AppError;
    use leptos::prelude::{document, window};
    use leptos::wasm_bindgen::{JsCast, JsValue};
    use leptos::web_sys::{HtmlElement, RequestInit, Response};
    use serde::de::DeserializeOwned;
    use wasm_bindgen_futures::JsFuture;

    /// Posts a form to a server function.
    pub async fn post<T: DeserializeOwned>(path: &str, body: &str) -> Result<T, AppError> {
        let (ok, text) = send(path, body).await.map_err(|_| {
            AppError::Transport("The server does not answer. Check your connection and try again.".to_owned())
        })?;
        let strange = |_| AppError::Transport("The server answered something else. Load the page again.".to_owned());
        if ok {
            serde_json::from_str(&text).map_err(strange)
        } else {
            Err(serde_json::from_str(&text).unwrap_or_else(strange))
        }
    }

    async fn send(path: &str, body: &str) -> Result<(bool, String), JsValue> {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(&JsValue::from_str(body));
        let headers = leptos::web_sys::Headers::new()?;
        headers.set("accept", "application/json")?;
        headers.set("content-type", "application/x-www-form-urlencoded")?;
        init.set_headers(&headers);
        let response: Response = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?.unchecked_into();
        let text = JsFuture::from(response.text()?).await?;
        Ok((response.ok(), text.as_string().unwrap_or_default()))
    }

    /// Puts an address into the address bar.
    pub fn remember(address: &str) {
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(address));
        }
    }

    /// Puts the whole form of an address of ours on the clipboard.
    pub async fn copy(address: &str) -> bool {
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
        if let Some(element) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    }

    /// Tells tests and the style that the island is alive.
    pub fn mark_hydrated() {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "true");
        }
    }
}

/// On the server nobody clicks.
#[cfg(not(feature = "hydrate"))]
mod server {
    use crate::error::AppError;

    pub async fn post<T>(_path: &str, _body: &str) -> Result<T, AppError> {
        Err(AppError::Transport(String::new()))
    }

    pub async fn copy(_address: &str) -> bool {
        false
    }

    pub fn remember(_address: &str) {}

    pub fn focus(_id: &str) {}

    pub fn mark_hydrated() {}
}
