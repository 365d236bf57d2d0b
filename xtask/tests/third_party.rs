//! xtask/third-party.sh reads what other people's checkers print and how they exit. No checker runs here: `java` and `go`
//! are stubs that print lines in the form that elle-cli, Knossos and Porcupine print, and exit as those do.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

/// Prints the file and the answer that stands in it as `answer=WORD`, and exits with its `exit=CODE`; both stand in a
/// comment, or in the name of an operation's process.
const CHECKER: &str = r#"#!/bin/sh
for file; do :; done
word=$(sed -n 's/.*answer=\([^ "]*\).*/\1/p' "$file" | head -n 1)
code=$(sed -n 's/.*exit=\([0-9]*\).*/\1/p' "$file" | head -n 1)
[ -z "$word" ] || printf '%s\t%s\n' "$file" "$word"
[ "$code" = 0 ] || echo "Exception in thread main" >&2
exit "$code"
"#;
/// `go get` does nothing, `go build -o check .` puts the checker there.
const GO: &str = "#!/bin/sh\n[ \"$1\" != build ] || cp \"$(dirname \"$0\")/java\" check\n";

/// Histories on which the checkers give recorded answers, and the stubs that give them.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        for (name, text) in [("bin/java", CHECKER), ("bin/go", GO), ("elle-cli.jar", "")] {
            bench.write(name, text);
            let path = bench.0.path().join(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A history that we call `ours`: what Porcupine, Knossos (of each register) and Elle answer, and their exit codes.
    /// `None` is a history without operations.
    fn history(&self, name: &str, ours: &str, porcupine: Answer, knossos: &[Answer], elle: Answer) {
        let folder = format!("histories/{name}");
        let text = |answer: Answer| answer.map(|(word, code)| format!("{{\"answer={word} exit={code}\"}}\n"));
        self.write(&format!("{folder}/verdict.txt"), &format!("{ours}\n"));
        self.write(&format!("{folder}/porcupine.json"), &text(porcupine).unwrap_or_else(|| "[]\n".into()));
        self.write(&format!("{folder}/history.jsonl"), &text(elle).unwrap_or_default());
        for (at, answer) in knossos.iter().enumerate() {
            self.write(
                &format!("{folder}/registers/A{at}.edn"),
                &text(*answer).unwrap_or_else(|| "; nothing happened\n".into()),
            );
        }
    }

    fn run(&self) -> (i32, String) {
        let path = self.0.path();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("third-party.sh");
        let mut command = Command::new("sh");
        command.arg(script).current_dir(path); // From any folder, and with names relative to it.
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", path.join("bin").display()));
        command.env("ELLE_CLI_JAR", "elle-cli.jar").env("HISTORIES", "histories");
        let Output { status, stdout, stderr } = command.output().unwrap();
        (status.code().unwrap(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
    }
}

type Answer = Option<(&'static str, u8)>;
const OK: Answer = Some(("Ok", 0));
const ILLEGAL: Answer = Some(("Illegal", 0));
const TRUE: Answer = Some(("true", 0));
/// elle-cli and Knossos exit 1 when they answer false.
const FALSE: Answer = Some(("false", 1));
const UNKNOWN: Answer = Some(("unknown", 1));
/// Out of memory, for example: nothing was printed, and the code is no answer.
const CRASHED: Answer = Some(("", 137));
/// An exception: nothing was printed, and the code is that of false.
const THREW: Answer = Some(("", 1));

#[test]
fn answers_are_told_from_no_answers() {
    let bench = Bench::new();
    bench.history("good", "valid ", OK, &[TRUE, TRUE], TRUE);
    bench.history("bad", "violated double-sell", ILLEGAL, &[TRUE, FALSE, TRUE], FALSE);
    bench.history("empty", "valid ", None, &[None], None);
    bench.history("without-registers", "valid ", None, &[], None);
    bench.history("large", "violated double-sell", Some(("Unknown", 0)), &[UNKNOWN, TRUE], UNKNOWN);
    bench.history("partly-large", "violated double-sell", ILLEGAL, &[UNKNOWN, FALSE], FALSE);
    bench.history("phantom", "violated phantom", ILLEGAL, &[FALSE], TRUE);
    let (code, said) = bench.run();
    assert_eq!(code, 0, "{said}");
    for line in [
        "agree     Porcupine good: valid",
        "agree     Knossos good: valid",
        "agree     Elle good: valid",
        "agree     Porcupine bad: violated",
        "agree     Knossos bad: violated",
        "agree     Elle bad: violated",
        "agree     Porcupine empty: valid",
        "agree     Knossos empty: valid",
        "agree     Elle empty: valid",
        "agree     Knossos without-registers: valid",
        "unknown   Porcupine large: no answer; ours is violated",
        "unknown   Knossos large: no answer; ours is violated",
        "unknown   Elle large: no answer; ours is violated",
        "agree     Knossos partly-large: violated",
        "unseen    Elle phantom: ours is violated phantom",
        "compared 20 verdicts, 0 disagree, 0 could not be asked",
    ] {
        assert!(said.lines().any(|said| said == line), "{line:?} is not in:\n{said}");
    }
}

#[test]
fn what_disagrees_and_what_failed_is_a_failure() {
    for (ours, porcupine, knossos, elle, line) in [
        ("valid ", ILLEGAL, TRUE, TRUE, "DISAGREE  Porcupine one: theirs is violated, ours is valid"),
        ("valid ", OK, FALSE, TRUE, "DISAGREE  Knossos one: theirs is violated, ours is valid"),
        ("valid ", OK, TRUE, FALSE, "DISAGREE  Elle one: theirs is violated, ours is valid"),
        ("violated double-sell", OK, FALSE, FALSE, "DISAGREE  Porcupine one: theirs is valid, ours is violated"),
        ("violated double-sell", ILLEGAL, TRUE, FALSE, "DISAGREE  Knossos one: theirs is valid, ours is violated"),
        ("violated double-sell", ILLEGAL, FALSE, TRUE, "DISAGREE  Elle one: theirs is valid, ours is violated"),
        (
            "valid ",
            CRASHED,
            TRUE,
            TRUE,
            "FAILED    Porcupine one: exit code 137, '' Exception in thread main; ours is valid",
        ),
        ("valid ", OK, THREW, TRUE, "FAILED    Knossos one: exit code 1, '' Exception in thread main; ours is valid"),
        (
            "valid ",
            OK,
            TRUE,
            Some(("true", 1)),
            "FAILED    Elle one: exit code 1, 'true' Exception in thread main; ours is valid",
        ),
    ] {
        let bench = Bench::new();
        bench.history("one", ours, porcupine, &[knossos], elle);
        let (code, said) = bench.run();
        assert_eq!(code, 1, "{said}");
        assert!(said.lines().any(|said| said == line), "{line:?} is not in:\n{said}");
    }
}
