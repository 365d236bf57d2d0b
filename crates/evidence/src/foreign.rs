//! What a file is that is not a run.json, as far as its first bytes say.

use serde_json::Value;

/// Another kind of file, or of answer. Printed, it says what it is; [`crate::Unusable`] adds what to give instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Compressed, by a program and the command that undoes it.
    #[error("compressed data ({0}): decompress it first, for example with `{1}`")]
    Compressed(&'static str, &'static str),
    /// An archive of files.
    #[error("an archive ({0}): extract the run.json from it")]
    Archive(&'static str),
    /// A history in Clojure's notation: ours, or Jepsen's own.
    #[error("a history in EDN, for Jepsen's Knossos")]
    Edn,
    /// A history in JSON, one operation a line or a list of them.
    #[error("a history in JSON, for Elle")]
    Elle,
    /// A list of operations.
    #[error("a list of operations in JSON, for Porcupine")]
    Porcupine,
    /// What the API answers to a burst.
    #[error("the API's answer to a burst: the run that it names has a run.json")]
    BurstAnswer,
    /// What `worldseat stress --json` prints, or the record of a stress test.
    #[error("the result of a stress test: each run that it names has a run.json")]
    Stress,
    /// A refusal of WorldSeat, saved.
    #[error("an error answer, not a run: {0}")]
    ErrorAnswer(String),
    /// A list of something.
    #[error("a list in JSON")]
    List,
    /// A page.
    #[error("a web page (HTML) or XML")]
    Page,
    /// Rows and columns.
    #[error("a table in text (CSV)")]
    Table,
    /// Not text.
    #[error("binary data; if it is compressed, decompress it first")]
    Binary,
}

/// How compressed files begin.
const MAGIC: [(&[u8], Foreign); 9] = [
    (b"\x1f\x8b", Foreign::Compressed("gzip", "gunzip")),
    (b"\x28\xb5\x2f\xfd", Foreign::Compressed("zstd", "unzstd")),
    (b"BZh", Foreign::Compressed("bzip2", "bunzip2")),
    (b"\xfd7zXZ\0", Foreign::Compressed("xz", "unxz")),
    (b"\x04\x22\x4d\x18", Foreign::Compressed("lz4", "unlz4")),
    (b"\x1f\x9d", Foreign::Compressed("compress", "uncompress")),
    (b"PK\x03\x04", Foreign::Archive("zip")),
    (b"PK\x05\x06", Foreign::Archive("zip")),
    (b"7z\xbc\xaf\x27\x1c", Foreign::Archive("7z")),
];

impl Foreign {
    /// Recognises a file by `head`, its first kilobytes; `None` if it could be a damaged run.json, or anything.
    pub fn of(head: &[u8]) -> Option<Self> {
        if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Some(found.clone());
        }
        // A character may be cut in two at the end.
        let text = match std::str::from_utf8(head) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Some(Self::Binary),
        };
        let text = text.trim_start();
        match text.chars().next()? {
            '<' => Some(Self::Page),
            ';' => Some(Self::Edn),
            '{' | '[' | '(' | '#' if is_edn(text) => Some(Self::Edn),
            '{' | '[' => Self::of_json(text),
            _ if text.contains('\0') => Some(Self::Binary),
            _ => is_table(text).then_some(Self::Table),
        }
    }

    fn of_json(text: &str) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| text.contains(&format!("\"{name}\"")));
        if has(&["clientId", "call"]) {
            return Some(Self::Porcupine);
        }
        if has(&["type", "process"]) {
            return Some(Self::Elle);
        }
        if text.starts_with('[') {
            return Some(Self::List);
        }
        if has(&["run", "outcomes"]) {
            return Some(Self::BurstAnswer);
        }
        if has(&["plan", "lines"]) {
            return Some(Self::Stress);
        }
        let answer: Value = serde_json::from_str(text).ok()?;
        let error = answer.get("error")?.as_str()?;
        Some(Self::ErrorAnswer(error.chars().filter(|c| !c.is_control()).take(400).collect()))
    }
}

/// A bracket, or some, and then a keyword.
fn is_edn(text: &str) -> bool {
    text.trim_start_matches(|c: char| "{[(#".contains(c) || c.is_whitespace()).starts_with(':')
        || text.starts_with("#{")
        || text.starts_with("#jepsen")
}

/// The first line has columns.
fn is_table(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    [',', ';', '\t'].iter().any(|between| line.matches(*between).count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_by_its_beginning() {
        let table: [(&[u8], Option<Foreign>); 26] = [
            (b"\x1f\x8b\x08\0\0", Some(Foreign::Compressed("gzip", "gunzip"))),
            (b"\x28\xb5\x2f\xfd\0", Some(Foreign::Compressed("zstd", "unzstd"))),
            (b"BZh91AY", Some(Foreign::Compressed("bzip2", "bunzip2"))),
            (b"\xfd7zXZ\0\0", Some(Foreign::Compressed("xz", "unxz"))),
            (b"PK\x03\x04", Some(Foreign::Archive("zip"))),
            (b"{:type :invoke, :f :read, :value nil, :process 0}", Some(Foreign::Edn)),
            (b"; WorldSeat run x\n{:index 0", Some(Foreign::Edn)),
            (b"[{:index 0", Some(Foreign::Edn)),
            (b"#jepsen.history.Op{:index 0", Some(Foreign::Edn)),
            (br#"{"index":0,"type":"invoke","process":0,"f":"txn"}"#, Some(Foreign::Elle)),
            (br#"[{"index":0,"type":"invoke","process":0}]"#, Some(Foreign::Elle)),
            (br#"[{"clientId":0,"input":{"op":"open"},"call":1"#, Some(Foreign::Porcupine)),
            (br#"{"error":"There is no run abc."}"#, Some(Foreign::ErrorAnswer("There is no run abc.".into()))),
            (br#"{"backend":"dsql","run":"x","outcomes":[]"#, Some(Foreign::BurstAnswer)),
            (br#"{"plan":{},"lines":[]"#, Some(Foreign::Stress)),
            (b"[1,2]", Some(Foreign::List)),
            (b" <!doctype html>\n<title>No</title>", Some(Foreign::Page)),
            (b"process,time,type\n0,1,invoke\n", Some(Foreign::Table)),
            (b"process\ttime\ttype\n", Some(Foreign::Table)),
            (b"\0\0\0\0", Some(Foreign::Binary)),
            (b"\x89PNG\r\n", Some(Foreign::Binary)),
            (b"", None),
            (b"not json", None),
            ("ë".as_bytes().split_at(1).0, None),
            (br#"{"claims":{"verdict":"x"},"run":{"plan":{}},"schema":"worldseat-run""#, None),
            (b"{\"a\":1}", None),
        ];
        for (head, found) in table {
            assert_eq!(Foreign::of(head), found, "{}", String::from_utf8_lossy(head));
        }
    }
}
