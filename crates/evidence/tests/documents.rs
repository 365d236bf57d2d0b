//! Documents as they are written, handed over and mistreated.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use common::texts;
use evidence::{RunDocument, Unusable};
use onsale::Run;

type Change = fn(&mut Run);

fn run() -> Run {
    texts::run("a 10-40 confirmed free11-15 | B2:b 12-30 confirmed free13-20 | c 10-60 rejected free12-16 sold50-55=a")
}

fn written(run: &Run) -> String {
    let mut out = Vec::new();
    RunDocument::of(run).write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn refused(text: &str) -> String {
    let refused = RunDocument::read(text.as_bytes()).unwrap_err().to_string();
    assert!(!refused.contains('\n'), "one line: {refused}");
    refused
}

#[test]
fn a_document_is_read_as_it_was_written() {
    let text = written(&run());
    assert!(text.starts_with(r#"{"schema":"worldseat-run","version":2,"run":{"version":2,"id":"run-1","#), "{text}");
    let document = RunDocument::read(text.as_bytes()).unwrap();
    assert_eq!(*document.run, run());
    assert_eq!(document, RunDocument::of(&run()));
    let mut again = Vec::new();
    document.write(&mut again).unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), text);
}

#[test]
fn its_fields_may_come_in_any_order_with_others_between() {
    let document: serde_json::Value = serde_json::from_str(&written(&run())).unwrap();
    // serde_json sorts: claims, run, schema, version.
    let sorted = serde_json::to_string_pretty(&document).unwrap().replacen('{', "{\"note\":[1,{\"x\":2}],", 1);
    assert_eq!(RunDocument::read(sorted.as_bytes()).unwrap(), RunDocument::of(&run()));
}

#[test]
fn the_digest_is_the_one_that_sha256sum_gives() {
    let text = written(&run());
    let start = text.find(r#""run":"#).unwrap() + 6;
    let canonical = &text[start..text.find(r#","claims":"#).unwrap()];
    assert_eq!(
        canonical,
        serde_json::to_string(&run()).unwrap(),
        "the run stands in the document in its canonical form"
    );
    // printf '%s' "$canonical" | sha256sum
    let claimed = RunDocument::of(&run()).claims.digest.to_string();
    assert_eq!(claimed, "sha256:3a1047914f66eefe41af5b27cf5869acecc5c0cc58849031ad31fae19d0a768a");
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let refused_page = refused("<!doctype html>\n<title>Not found</title>");
    assert!(
        refused_page.starts_with("this is a web page (HTML) or XML; expected the run.json of a WorldSeat run"),
        "{refused_page}"
    );
    assert!(refused("not json").starts_with("not JSON (expected ident at line 1 column 2): expected the run.json of"));
    assert!(refused(&(written(&run()) + "x")).starts_with("not JSON (trailing characters at line 2 column 1)"));
}

#[test]
fn a_byte_order_mark_is_passed_over_and_another_encoding_is_read_or_named() {
    let text = written(&run());
    let marked = format!("\u{feff}{text}");
    assert_eq!(RunDocument::read(marked.as_bytes()).unwrap(), RunDocument::of(&run()));
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        assert_eq!(RunDocument::read(&utf16(&marked, unit)[..]).unwrap(), RunDocument::of(&run()));
        let bare = RunDocument::read(&utf16(&text, unit)[..]).unwrap_err().to_string();
        assert!(bare.contains("UTF-16"), "{bare}");
    }
}

#[test]
fn our_own_exports_are_told_apart() {
    let run = run();
    for (checker, is) in [
        (evidence::Checker::Knossos, "a history in EDN"),
        (evidence::Checker::Elle, "a history in JSON, for Elle"),
        (evidence::Checker::Porcupine, "for Porcupine"),
    ] {
        let mut export = Vec::new();
        evidence::export(&run, checker, evidence::Selection::default(), &mut export).unwrap();
        let refused = refused(str::from_utf8(&export).unwrap());
        assert!(refused.starts_with("this is ") && refused.contains(is), "{refused}");
    }
}

#[test]
fn a_document_cut_off_anywhere_is_refused_as_cut_off() {
    let text = written(&run());
    let whole = text.trim_end().len();
    for end in 1..whole {
        let cut = RunDocument::read(&text.as_bytes()[..end]).unwrap_err();
        assert!(matches!(cut, Unusable::Truncated(_)), "cut at {end}: {cut}");
    }
    for nothing in ["", " \n\n"] {
        assert!(refused(nothing).starts_with("the document is empty: expected the run.json"), "{nothing:?}");
    }
}

#[test]
fn another_schema_or_version_is_named_even_if_all_else_has_changed() {
    assert!(
        refused(r#"{"schema":"a\u0007-bill","rows":[]}"#)
            .starts_with("the document says it is 'a-bill', not 'worldseat-run'")
    );
    for later in [r#"{"schema":"worldseat-run","version":3,"runs":[{"shape":"new"}]}"#, r#"{"version":1,"run":7}"#] {
        let refused = refused(later);
        assert!(refused.contains("and this WorldSeat reads version 2 only"), "{refused}");
    }
}

#[test]
fn a_missing_field_and_a_wrong_one_are_named() {
    let text = written(&run());
    for field in ["outcome", "openings", "barrierUs", "claims", "digest", "appBelieved", "schema", "version"] {
        let refused = refused(&text.replace(&format!("\"{field}\":"), "\"elsewhere\":"));
        assert!(refused.contains(&format!("missing field `{field}`")), "{refused}");
        assert!(refused.starts_with("not a run of version 2"), "{refused}");
    }
    let refused_seat = refused(&text.replacen("\"A1\"", "\"A0\"", 1));
    assert!(refused_seat.contains("'A0' is not a seat"), "{refused_seat}");
    assert!(refused(&text.replacen(":10,", ":-10,", 1)).contains("invalid value: integer `-10`"));
    assert!(refused("7").contains("expected a worldseat-run document"));
    assert!(refused("{}").contains("missing field `schema`"));
    let deep = format!("{{\"note\":{}", "[".repeat(100_000));
    assert!(refused(&deep).contains("more than 128 levels of brackets at byte 135"), "{}", refused(&deep));
}

#[test]
fn parts_that_do_not_belong_together_are_named() {
    let cases: [(Change, &str); 7] = [
        (|run| run.operations[1].seat = texts::name("C3"), "operation 1 wants seat C3, which is not in the plan"),
        (|run| run.openings.truncate(1), "its openings are not those of the plan's seats"),
        (|run| run.openings.swap(0, 1), "its openings are not those of the plan's seats"),
        (|run| run.plan.seats[1] = run.plan.seats[0], "seat A1 stands twice in its plan"),
        (|run| run.ledger[0].seat = texts::name("C3"), "the ledger row of ticket a is of seat C3"),
        (|run| run.seat_rows[0].seat = texts::name("C3"), "a row of the seats table is of seat C3"),
        (|run| run.version = 1, "the run inside says version 1, the document 2"),
    ];
    for (spoil, expect) in cases {
        let mut run = run();
        spoil(&mut run);
        let refused = refused(&written(&run));
        assert!(refused.starts_with(&format!("the run contradicts its own plan: {expect}")), "{refused}");
    }
}

#[test]
fn a_reader_that_fails_is_not_the_documents_fault() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is on fire"))
        }
    }
    let refused = RunDocument::read(Failing).unwrap_err();
    assert!(matches!(refused, Unusable::Unreadable(_)));
    assert!(refused.to_string().contains("the disk is on fire"));
}

#[test]
fn a_field_that_stands_twice_is_refused_by_name() {
    let text = written(&run());
    let value = |name: &str| serde_json::from_str::<serde_json::Value>(&text).unwrap()[name].to_string();
    for name in ["schema", "version", "run", "claims"] {
        let twice = text.replacen('{', &format!("{{\"{name}\":{},", value(name)), 1);
        assert!(refused(&twice).contains(&format!("duplicate field `{name}`")), "{}", refused(&twice));
    }
}

#[test]
fn a_refusal_repeats_little_of_the_document() {
    let rules = format!(r#""rules":["u\nopened{}"]"#, "x".repeat(10_000));
    let refused = refused(&written(&run()).replacen(r#""rules":[]"#, &rules, 1));
    assert!(refused.contains("uopenedx") && refused.contains("at line 1 column") && refused.len() < 500, "{refused}");
}
