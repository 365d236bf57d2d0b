//! The wasm entry: hydrate the islands, nothing else.

// Linked for the islands it exports to the loader script.
use app as _;

/// Called by the loader script once the module is there.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
