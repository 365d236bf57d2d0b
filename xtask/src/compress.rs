//! Compressing once, at build time, as well as can be.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow};
use flate2::{Compression, write::GzEncoder};

use crate::site::SiteFile;

/// The files, and beside each that gains by it a `.br` and a `.gz`.
pub fn with_compressed(files: Vec<SiteFile>) -> Result<Vec<SiteFile>> {
    let compressed = thread::scope(|scope| {
        let running: Vec<_> =
            files.iter().filter(|file| gains(file)).map(|file| scope.spawn(|| compress(file))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("compressing the site panicked"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(files.into_iter().chain(compressed.into_iter().flatten()).collect())
}

/// Below this a header costs more than the compression saves.
const WORTH_BYTES_MIN: usize = 1000;

/// Formats that are compressed already.
const COMPRESSED: [&str; 10] = ["png", "jpg", "jpeg", "webp", "avif", "gif", "woff2", "woff", "mp4", "gz"];

fn gains(file: &SiteFile) -> bool {
    let extension = file.path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    file.bytes.len() >= WORTH_BYTES_MIN && !COMPRESSED.contains(&extension.as_str())
}

fn compress(file: &SiteFile) -> Result<[SiteFile; 2]> {
    let name = || format!("could not compress {}", file.path.display());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&file.bytes).with_context(name)?;
    let gzip = gzip.finish().with_context(name)?;
    let mut br = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut file.bytes.as_slice(), &mut br, &params).with_context(name)?;
    Ok([
        SiteFile { path: with_suffix(file, ".br"), bytes: br },
        SiteFile { path: with_suffix(file, ".gz"), bytes: gzip },
    ])
}

fn with_suffix(file: &SiteFile, suffix: &str) -> PathBuf {
    let mut name = OsString::from(&file.path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn file(path: &str, size_bytes: usize) -> SiteFile {
        SiteFile { path: path.into(), bytes: vec![b'a'; size_bytes] }
    }

    #[test]
    fn small_files_and_images_stay_as_they_are() {
        for (path, size_bytes, expect) in [
            ("pkg/a.wasm", 5000, true),
            ("pkg/a.css", 999, false),
            ("logo.svg", 1000, true),
            ("photo.PNG", 5000, false),
            ("robots", 5000, true),
        ] {
            assert_eq!(gains(&file(path, size_bytes)), expect, "{path}");
        }
    }

    #[test]
    fn what_is_compressed_comes_back() -> Result<()> {
        let files = with_compressed(vec![file("a.css", 2000)])?;
        let names: Vec<_> = files.iter().map(|file| file.path.display().to_string()).collect();
        assert_eq!(names, ["a.css", "a.css.br", "a.css.gz"]);
        let mut br = Vec::new();
        brotli::Decompressor::new(files[1].bytes.as_slice(), 4096).read_to_end(&mut br)?;
        let mut gz = Vec::new();
        flate2::read::GzDecoder::new(files[2].bytes.as_slice()).read_to_end(&mut gz)?;
        assert!(br == files[0].bytes && gz == files[0].bytes);
        Ok(())
    }
}
