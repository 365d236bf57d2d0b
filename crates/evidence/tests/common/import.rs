//! The exports, read back as their readers would: only what the formats document, nothing that only we put there.

use super::{Action, Call};
use serde_json::Value;
use std::collections::BTreeMap;

/// `history.edn`, as Knossos' cas-register; its order is that of the lines. A register begins as nil.
pub fn edn(text: &str) -> Vec<Call> {
    let events = text.lines().filter(|line| !line.starts_with(';')).map(|line| {
        let Edn::Map(op) = Edn::parse(line) else { panic!("not an operation: {line}") };
        let get = |field: &str| op.iter().find(|(key, _)| *key == Edn::Keyword(field.into())).unwrap().1.clone();
        let Edn::Vector(value) = get("value") else { panic!("not a tuple: {line}") };
        let [Edn::Text(key), value] = <[Edn; 2]>::try_from(value).unwrap() else { panic!("not a tuple: {line}") };
        let Edn::Number(index) = get("index") else { panic!("no index: {line}") };
        Event {
            index,
            process: format!("{:?}", get("process")),
            kind: get("type").word()[1..].to_owned(),
            key,
            f: get("f").word()[1..].to_owned(),
            value,
        }
    });
    let of_value = |f: &str, value: Edn| match (f, value) {
        ("write", value) => Action::Write(value.word()),
        ("read", value) => Action::Read(value.word()),
        ("cas", Edn::Vector(pair)) => Action::Cas(pair[0].word(), pair[1].word()),
        (f, value) => panic!("what is {f} of {value:?}?"),
    };
    paired(events, of_value)
}

/// `history.edn` of one seat, whose values are not tuples.
pub fn edn_register(text: &str) -> Vec<Call> {
    let tupled = text.lines().map(|line| match line.split_once(":value ").filter(|_| !line.starts_with(';')) {
        Some((before, after)) => {
            let (value, by) = after.split_once(", :by ").unwrap();
            format!("{before}:value [\"register\" {value}], :by {by}\n")
        }
        None => format!("{line}\n"),
    });
    edn(&tupled.collect::<String>())
}

/// `history.jsonl`, as Elle's transactions. A register begins as null.
pub fn jsonl(text: &str) -> Vec<Call> {
    let events = text.lines().map(|line| {
        let op: Value = serde_json::from_str(line).unwrap();
        let word = |field: &str| op[field].as_str().unwrap().to_owned();
        Event {
            index: op["index"].as_u64().unwrap(),
            process: op["process"].to_string(),
            kind: word("type"),
            key: op["value"][0][1].as_str().unwrap().to_owned(),
            f: word("f"),
            value: op["value"].clone(),
        }
    });
    let read = |value: &Value| value[2].as_str().unwrap_or("null").to_owned();
    paired(events, |f, value| match (f, value.as_array().unwrap().as_slice()) {
        ("txn", [one]) if one[0] == "r" => Action::Read(read(one)),
        ("txn", [one, two]) if one[0] == "r" && two[0] == "w" && one[1] == two[1] => Action::Cas(read(one), read(two)),
        other => panic!("what is {other:?}?"),
    })
}

/// `porcupine.json`, by the model of xtask/third-party/porcupine. A register begins as "older".
pub fn porcupine(text: &str) -> Vec<Call> {
    let ops: Vec<Value> = serde_json::from_str(text).unwrap();
    let calls = ops.iter().filter_map(|op| {
        let text = |part: &str, field: &str| op[part][field].as_str().unwrap_or("").to_owned();
        let (action, told) = (text("input", "op"), text("output", "told"));
        let action = match (action.as_str(), told.as_str()) {
            ("open", "yes") => Action::Write("free".into()),
            ("buy", "yes" | "unknown") => Action::Cas("free".into(), text("input", "ticket")),
            ("buy", "no") => return None,
            ("read", "sold") => Action::Read(text("output", "ticket")),
            ("read", state) => Action::Read(state.into()),
            other => panic!("what is {other:?}?"),
        };
        let end = op["return"].as_u64().unwrap();
        let end = (told != "unknown").then_some(end);
        Some(Call { key: text("input", "key"), action, start: op["call"].as_u64().unwrap(), end })
    });
    calls.collect()
}

struct Event<V> {
    index: u64,
    process: String,
    kind: String,
    key: String,
    f: String,
    value: V,
}

/// Joins begins and ends; what failed is dropped, and what is unknown never ends. The rules of the format are asserted:
/// indices count up, a process does one thing at a time, and a crashed one nothing more.
fn paired<V: Clone>(events: impl Iterator<Item = Event<V>>, action: impl Fn(&str, V) -> Action) -> Vec<Call> {
    let mut running: BTreeMap<String, Option<Event<V>>> = BTreeMap::new();
    let mut calls = Vec::new();
    for (event, index) in events.zip(0..) {
        assert_eq!(event.index, index);
        if event.kind == "invoke" {
            let before = running.insert(event.process.clone(), Some(event));
            assert!(before.is_none_or(|busy| busy.is_none()), "a process does one thing at a time");
            continue;
        }
        let running = running.get_mut(&event.process).unwrap();
        let begun = if event.kind == "info" { running.as_ref().unwrap() } else { &running.take().unwrap() };
        assert_eq!((&begun.key, &begun.f), (&event.key, &event.f));
        let end = match event.kind.as_str() {
            "ok" => Some(event.index),
            "info" => None,
            "fail" => continue,
            other => panic!("what is {other}?"),
        };
        calls.push(Call { key: event.key, action: action(&event.f, event.value), start: begun.index, end });
    }
    assert!(running.values().flatten().all(|crashed| crashed.f != "read"), "only purchases are left without an answer");
    calls
}

/// As much of EDN as our exports use.
#[derive(Clone, Debug, PartialEq)]
enum Edn {
    Map(Vec<(Edn, Edn)>),
    Vector(Vec<Edn>),
    Keyword(String),
    Text(String),
    Number(u64),
    Nil,
}

impl Edn {
    fn parse(text: &str) -> Self {
        let mut rest = text.trim();
        let value = Self::next(&mut rest);
        assert!(rest.is_empty(), "more than one value: {text}");
        value
    }

    fn word(&self) -> String {
        match self {
            Self::Keyword(word) => format!(":{word}"),
            Self::Text(text) => text.clone(),
            Self::Nil => "nil".into(),
            other => panic!("not a word: {other:?}"),
        }
    }

    fn next(rest: &mut &str) -> Self {
        *rest = rest.trim_start_matches([' ', ',']);
        let first = rest.chars().next().expect("a value");
        match first {
            '{' => {
                let mut values = Self::until(rest, '}').into_iter();
                let mut map = Vec::new();
                while let Some(key) = values.next() {
                    map.push((key, values.next().expect("a value for every key")));
                }
                Self::Map(map)
            }
            '[' => Self::Vector(Self::until(rest, ']')),
            '"' => {
                let (mut text, mut chars) = (String::new(), rest[1..].char_indices());
                loop {
                    match chars.next().expect("an end") {
                        (_, '\\') => text.push(chars.next().expect("an escape").1),
                        (at, '"') => {
                            *rest = &rest[at + 2..];
                            return Self::Text(text);
                        }
                        (_, other) => text.push(other),
                    }
                }
            }
            _ => {
                let end = rest.find([' ', ',', ']', '}']).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                *rest = after;
                match (word, word.strip_prefix(':')) {
                    ("nil", _) => Self::Nil,
                    (_, Some(keyword)) => Self::Keyword(keyword.into()),
                    (number, None) => Self::Number(number.parse().unwrap()),
                }
            }
        }
    }

    fn until(rest: &mut &str, close: char) -> Vec<Self> {
        *rest = &rest[1..];
        let mut values = Vec::new();
        loop {
            *rest = rest.trim_start_matches([' ', ',']);
            if let Some(after) = rest.strip_prefix(close) {
                *rest = after;
                return values;
            }
            values.push(Self::next(rest));
        }
    }
}
