//! The sources that decide, compiled in from the very files that the program was made of.

use leptos::prelude::*;
use onsale::Backend;
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};
use std::fmt::Write as _;

/// The purchase.
const PURCHASE: &str = include_str!("../../../../crates/onsale/src/purchase.rs");
/// Where each database is handed to it.
const COMPOSE: &str = include_str!("../../../../server/src/compose.rs");
/// Where oversold is counted.
const SCOREBOARD: &str = include_str!("../../../../crates/onsale/src/scoreboard.rs");

/// Section 3's sources.
#[component]
pub fn Sources(
    /// What this deployment has.
    backends: Vec<Backend>,
) -> impl IntoView {
    let lines = backends.into_iter().map(|backend| lines_with(COMPOSE, &hand_over(backend)));
    let handed_over = lines.collect::<Vec<_>>().join("\n");
    view! {
        <Source file="crates/onsale/src/purchase.rs" code=PURCHASE.trim_end().to_owned() />
        <p>"Each database of this deployment is handed to it by one line, which names its adapter:"</p>
        <Source file="server/src/compose.rs" code=handed_over />
        <p>"Oversold is counted in one place, from the committed ledger, by the same line for every database:"</p>
        <Source file="crates/onsale/src/scoreboard.rs" code=lines_with(SCOREBOARD, ".oversold += ") />
    }
}

#[component]
fn Source(file: &'static str, code: String) -> impl IntoView {
    view! {
        <figure class="source">
            <figcaption><code>{file}</code></figcaption>
            <pre tabindex="0" aria-label=format!("Source: {file}")><code inner_html=highlighted(&code)></code></pre>
        </figure>
    }
}

/// How the line begins that hands a database to the purchase.
fn hand_over(backend: Backend) -> String {
    format!("shops.insert(Backend::{backend:?}, Counter::<")
}

/// The lines that contain `words`, with their numbers.
fn lines_with(source: &str, words: &str) -> String {
    let lines =
        source.lines().enumerate().filter(|(_, line)| line.contains(words) && !line.trim_start().starts_with("//"));
    lines.map(|(n, line)| format!("/* {} */ {}", n + 1, line.trim())).collect::<Vec<_>>().join("\n")
}

/// The code as HTML: comments, keywords and literals set apart.
fn highlighted(code: &str) -> String {
    let mut html = String::new();
    let mut rest = code;
    for token in tokenize(code, FrontmatterAllowed::No) {
        let (text, after) = rest.split_at(token.len as usize);
        rest = after;
        let class = match token.kind {
            TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => "c",
            TokenKind::Ident if KEYWORDS.contains(&text) => "k",
            TokenKind::Literal { .. } => "l",
            _ => "",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ =
            if class.is_empty() { write!(html, "{text}") } else { write!(html, "<span class={class}>{text}</span>") };
    }
    html
}

/// The words that the sources above use.
const KEYWORDS: [&str; 18] = [
    "async", "await", "const", "else", "enum", "fn", "for", "if", "impl", "let", "match", "mod", "mut", "pub",
    "return", "self", "struct", "use",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_source_is_lost() {
        let html = highlighted(PURCHASE);
        let mut text = html.replace("</span>", "");
        for class in ["c", "k", "l"] {
            text = text.replace(&format!("<span class={class}>"), "");
        }
        assert_eq!(text.replace("&lt;", "<").replace("&amp;", "&"), PURCHASE);
        assert!(html.contains("<span class=k>async</span>") && html.contains("<span class=c>//"));
    }

    #[test]
    fn the_lines_that_decide_are_found() {
        for (backend, adapter) in
            [(Backend::Dsql, "SqlDatabase"), (Backend::Naive, "GlobalTables"), (Backend::Control, "SqlDatabase")]
        {
            let line = lines_with(COMPOSE, &hand_over(backend));
            assert!(line.lines().count() == 1 && line.contains(adapter), "{line}");
        }
        assert_eq!(lines_with(SCOREBOARD, ".oversold += ").lines().count(), 1);
    }
}
