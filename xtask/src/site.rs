//! `target/site`: what the server serves as files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::{self, Profile};
use crate::{compress, style, wasm};

/// Writes the site: the `pkg/` files given, the style, and `public/`. Says what it weighs.
///
/// Files that are the same already are left alone, so that cargo sees no change where there is none;
/// whatever does not belong to the site is removed, stale compressed files with it.
pub fn write(profile: Profile, pkg: Vec<SiteFile>) -> Result<String> {
    let root = build::root();
    let mut files = read_folder(&root.join("public"), Path::new(""))?;
    files.extend(pkg);
    for (name, from) in [(wasm::NAME, "main"), ("evidence", "evidence")] {
        files.push(SiteFile {
            path: Path::new("pkg").join(format!("{name}.css")),
            bytes: style::bundle(&root.join(format!("style/{from}.css")), profile)?.into_bytes(),
        });
    }
    if profile == Profile::Release {
        files = compress::with_compressed(files)?;
    }
    sync(&folder(), &files)?;
    Ok(weigh(&files))
}

/// The names of all files that the site has on disk, one a line.
pub fn names() -> Result<String> {
    let files = read_folder(&folder(), Path::new(""))?;
    let names: Vec<_> = files.iter().map(|file| file.path.to_string_lossy()).collect();
    Ok(names.join("\n"))
}

/// One file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFile {
    /// Where it is inside the site.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Every file below a folder, named from `place` in the site; hidden files are left out.
pub fn read_folder(folder: &Path, place: &Path) -> Result<Vec<SiteFile>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("could not read the folder {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, place) = (entry.path(), place.join(entry.file_name()));
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            files.extend(read_folder(&path, &place)?);
        } else {
            let bytes = fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
            files.push(SiteFile { path: place, bytes });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn folder() -> PathBuf {
    build::root().join("target/site")
}

/// Makes the folder hold exactly these files.
fn sync(folder: &Path, files: &[SiteFile]) -> Result<()> {
    let wanted: BTreeSet<PathBuf> = files.iter().map(|file| folder.join(&file.path)).collect();
    if folder.exists() {
        remove_others(folder, &wanted)?;
    }
    for file in files {
        let path = folder.join(&file.path);
        if fs::read(&path).is_ok_and(|old| old == file.bytes) {
            continue;
        }
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("could not make the folder {}", parent.display()))?;
        fs::write(&path, &file.bytes).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

fn remove_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
            if fs::read_dir(&path)?.next().is_none() {
                fs::remove_dir(&path)?;
            }
        } else if !wanted.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("could not remove the stale {}", path.display()))?;
        }
    }
    Ok(())
}

/// One line for people: the files every page loads, raw and, where there is one, as brotli sends them.
fn weigh(files: &[SiteFile]) -> String {
    let weight = |name: &Path| files.iter().find(|file| file.path == name).map(|file| file.bytes.len().div_ceil(1000));
    let parts = ["wasm", "js", "css"].map(|extension| {
        let name = Path::new("pkg").join(wasm::NAME).with_extension(extension);
        let sent = weight(&name.with_extension(format!("{extension}.br")));
        let sent = sent.map(|kb| format!(" ({kb} kB by brotli)")).unwrap_or_default();
        format!("{extension} {} kB{sent}", weight(&name).unwrap_or(0))
    });
    format!("{} files: {}", files.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SiteFile {
        SiteFile { path: path.into(), bytes: text.into() }
    }

    #[test]
    fn the_folder_holds_exactly_what_was_asked_for() -> Result<()> {
        let folder = tempfile::tempdir()?;
        sync(folder.path(), &[file("a.txt", "1"), file("pkg/old.js", "x"), file("pkg/old.js.br", "x")])?;
        let kept = fs::metadata(folder.path().join("a.txt"))?.modified()?;
        let wanted = [file("a.txt", "1"), file("b/c.css", "2")];
        sync(folder.path(), &wanted)?;
        assert_eq!(read_folder(folder.path(), Path::new(""))?, wanted);
        assert!(!folder.path().join("pkg").exists(), "an empty folder stays behind");
        assert_eq!(fs::metadata(folder.path().join("a.txt"))?.modified()?, kept, "an unchanged file was written again");
        Ok(())
    }
}
