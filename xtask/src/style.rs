//! One stylesheet out of `style/main.css` and what it imports.
//!
//! A bundler crate would do it too, but costs more to compile than the rest of this program, and brotli leaves
//! next to nothing of what it would save. The CSS itself is never rewritten: `light-dark()` stays.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::build::Profile;

/// The sheet with its imports in place; in release without comments and idle white space.
pub fn bundle(main: &Path, profile: Profile) -> Result<String> {
    let css = inline(main, &mut Vec::new())?;
    Ok(if profile == Profile::Release { squeeze(&css) } else { css })
}

/// The sheet, each `@import` at the beginning of a line replaced by the file it names.
fn inline(path: &Path, open: &mut Vec<PathBuf>) -> Result<String> {
    let missing = || format!("could not read the style {}", path.display());
    let name = fs::canonicalize(path).with_context(missing)?;
    if open.contains(&name) {
        bail!("{} imports itself: remove one @import", path.display());
    }
    open.push(name);
    let css = fs::read_to_string(path).with_context(missing)?;
    let mut out = String::with_capacity(css.len());
    for line in css.lines() {
        match line.trim_start().strip_prefix("@import") {
            None => out.push_str(line),
            Some(rest) => {
                let Some((file, layer)) = parse_import(rest) else {
                    bail!(
                        "{}: write {line:?} as @import \"file.css\"; or @import \"file.css\" layer(name);",
                        path.display()
                    );
                };
                let inner = inline(&path.with_file_name(file), open)?;
                match layer {
                    None => out.push_str(&inner),
                    Some(layer) => out.extend(["@layer ", layer, " {\n", &inner, "}"]),
                }
            }
        }
        out.push('\n');
    }
    open.pop();
    Ok(out)
}

/// Splits ` "file.css" layer(name);` or ` url("file.css");` into file and layer.
fn parse_import(rest: &str) -> Option<(&str, Option<&str>)> {
    let rest = rest.trim().strip_suffix(';')?.trim_end();
    let (file, after) = if let Some(inner) = rest.strip_prefix("url(") {
        inner.split_once(')')?
    } else {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
        rest[1..].split_once(quote)?
    };
    let file = file.trim_matches(['"', '\'']);
    let layer = match after.trim() {
        "" => None,
        after => Some(after.strip_prefix("layer(")?.strip_suffix(')')?),
    };
    (!file.is_empty() && !file.contains(':')).then_some((file, layer))
}

/// Drops comments, and white space where CSS never gives it a meaning.
fn squeeze(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut chars = css.chars().peekable();
    let mut space = false;
    while let Some(char) = chars.next() {
        match char {
            '/' if chars.peek() == Some(&'*') => {
                chars.next();
                let mut last = ' ';
                for next in chars.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
                space = true;
            }
            char if char.is_whitespace() => space = true,
            char => {
                let tight = |char| matches!(char, '{' | '}' | ';' | ',');
                if space && !tight(char) && !out.chars().last().is_none_or(tight) {
                    out.push(' ');
                }
                space = false;
                if char == '}' && out.ends_with(';') {
                    out.pop();
                }
                out.push(char);
                if matches!(char, '"' | '\'') {
                    copy_string(char, &mut chars, &mut out);
                }
            }
        }
    }
    out
}

/// Copies up to and with the closing quote.
fn copy_string(quote: char, chars: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(char) = chars.next() {
        out.push(char);
        if char == '\\' {
            out.extend(chars.next());
        } else if char == quote {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squeezing_keeps_every_meaning() {
        for (css, expect) in [
            ("a { color: light-dark(#fff, #000); }\n", "a{color: light-dark(#fff,#000)}"),
            ("/* note */ a :hover , b > c { }", "a :hover,b > c{}"),
            ("a::before { content: \" /* ; } */ \\\" \"; }", "a::before{content: \" /* ; } */ \\\" \"}"),
            ("a { width: calc(1px + 2px);;\n}", "a{width: calc(1px + 2px);}"),
            ("a/**/b { top: 0 }", "a b{top: 0}"),
        ] {
            assert_eq!(squeeze(css), expect);
        }
    }

    #[test]
    fn imports_are_read_in_their_common_forms() {
        for (rest, expect) in [
            (" url(\"tokens.css\");", Some(("tokens.css", None))),
            (" 'a/b.css' ;", Some(("a/b.css", None))),
            (" \"a.css\" layer(base);", Some(("a.css", Some("base")))),
            (" \"a.css\" print;", None),
            (" \"https://elsewhere/a.css\";", None),
            (" \"a.css\"", None),
        ] {
            assert_eq!(parse_import(rest), expect, "{rest}");
        }
    }

    #[test]
    fn imports_are_put_in_place_and_circles_are_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let main = folder.path().join("main.css");
        fs::write(&main, "@layer base, rest;\n@import \"sub/a.css\" layer(base);\nb { top: 0 }\n")?;
        fs::create_dir(folder.path().join("sub"))?;
        fs::write(folder.path().join("sub/a.css"), "@import 'b.css';\n")?;
        fs::write(folder.path().join("sub/b.css"), "a { top: 0 }\n")?;
        assert_eq!(bundle(&main, Profile::Release)?, "@layer base,rest;@layer base{a{top: 0}}b{top: 0}");
        fs::write(folder.path().join("sub/b.css"), "@import '../main.css';\n")?;
        let error = bundle(&main, Profile::Dev).err().map(|error| format!("{error:#}"));
        assert!(error.is_some_and(|error| error.contains("imports itself")));
        Ok(())
    }
}
