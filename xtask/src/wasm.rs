//! The browser's half: compiled for wasm32, then given its JavaScript by wasm-bindgen as a library. Two modules: the
//! site's islands, and the witness that a run's page loads on demand.

use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::build::{self, Profile};
use crate::child;
use crate::site::{self, SiteFile};

/// Compiles `frontend` and `checker`; the files of `pkg/`, with their paths inside the site.
pub fn build(profile: Profile) -> Result<Vec<SiteFile>> {
    let mut cargo = child::cargo();
    cargo.args(["build", "--package", "frontend", "--package", "checker", "--lib", "--target", TARGET]);
    // wasm-bindgen drops line tables anyway, and reading them takes it longer than all the rest.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "none");
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            cargo.args(["--profile", "wasm-release"]);
            "wasm-release"
        }
    };
    child::run(&mut cargo, "the compiler's messages above say what to mend")?;
    let compiled = build::target_dir().join(TARGET).join(folder);
    let mut files = bind(&compiled.join("frontend.wasm"), NAME, profile)?;
    files.extend(bind(&compiled.join("checker.wasm"), "checker", profile)?);
    Ok(files)
}

/// The target of the browser's half.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The name of the files: `LEPTOS_OUTPUT_NAME` says the same to the server.
pub const NAME: &str = "worldseat";

fn bind(wasm: &Path, name: &str, profile: Profile) -> Result<Vec<SiteFile>> {
    let release = profile == Profile::Release;
    let out = build::target_dir().join("wasm-bindgen").join(profile.name()).join(name);
    // A snippet of an older build must not stay.
    if out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("could not empty {}", out.display()))?;
    }
    Bindgen::new()
        .input_path(wasm)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .out_name(name)
                .typescript(false)
                .debug(!release)
                .keep_debug(false)
                .remove_name_section(release)
                .remove_producers_section(release)
                .generate(&out)
        })
        .with_context(|| {
            format!(
                "wasm-bindgen refused {}: does Cargo.lock name one version of wasm-bindgen and its cli-support?",
                wasm.display()
            )
        })?;
    let mut files = site::read_folder(&out, Path::new("pkg"))?;
    for file in &mut files {
        // With LEPTOS_OUTPUT_NAME set, leptos asks for `worldseat.wasm`.
        if file.path.ends_with(format!("{name}_bg.wasm")) {
            file.path.set_file_name(format!("{name}.wasm"));
        } else if release && file.path.extension().is_some_and(|extension| extension == "js") {
            file.bytes = without_comments(&String::from_utf8_lossy(&file.bytes)).into_bytes();
        }
    }
    Ok(files)
}

/// Drops what the browser does not need from wasm-bindgen's JavaScript: whole-line comments and indentation.
///
/// It knows no more of the language than that, and leaves a file with a template of several lines as it is.
fn without_comments(js: &str) -> String {
    if js.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return js.to_owned();
    }
    let mut kept = String::with_capacity(js.len());
    let mut in_comment = false;
    for line in js.lines().map(str::trim) {
        let opens = line.starts_with("/*");
        if !in_comment && !opens && !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
        in_comment = (in_comment || opens) && !line.ends_with("*/");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javascript_loses_comments_and_indentation_and_nothing_else() {
        for (js, expect) in [
            (
                "/**\n * @param {number} a\n */\nfunction f(a) {\n    return a / 2;\n}\n",
                "function f(a) {\nreturn a / 2;\n}\n",
            ),
            ("// whole line\nlet a = '// kept'; // kept too\n", "let a = '// kept'; // kept too\n"),
            ("/* one line */\nlet a = 1;\n\n", "let a = 1;\n"),
            ("let a = `two\n    lines`;\n// stays\n", "let a = `two\n    lines`;\n// stays\n"),
        ] {
            assert_eq!(without_comments(js), expect);
        }
    }
}
