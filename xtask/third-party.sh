#!/bin/sh
# Do other people's checkers say what our witness says? Runs whichever of them is here on every recorded history:
#   Porcupine  needs `go` and, once, a network for its module
#   Knossos    and
#   Elle       need `java` and ELLE_CLI_JAR, the standalone jar of elle-cli
# Exit 0: nothing disagrees, or nothing could be compared. Exit 1: something disagrees.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compared=0
disagree=0

cargo run --quiet -p evidence --example histories -- "$work/histories"

# compare TOOL HISTORY OURS THEIRS: ours is valid or violated, theirs too, or unknown.
compare() {
    compared=$((compared + 1))
    if [ "$3" = "$4" ]; then
        echo "agree     $1 $2: $3"
    elif [ "$4" = unknown ]; then
        echo "unknown   $1 $2: no answer; ours is $3"
    else
        echo "DISAGREE  $1 $2: theirs is $4, ours is $3"
        disagree=$((disagree + 1))
    fi
}

# word TOOL-OUTPUT: its last line as one of our words.
word() {
    case $(printf '%s\n' "$1" | tail -n 1 | awk '{ print $NF }') in
        Ok | true) echo valid ;;
        Illegal | false) echo violated ;;
        *) echo unknown ;;
    esac
}

verdict() { cut -d' ' -f1 "$work/histories/$1/verdict.txt"; }
histories() { ls "$work/histories"; }

porcupine() {
    if ! command -v go >/dev/null; then
        echo "not found: go, so Porcupine was not asked"
        return
    fi
    cp -r xtask/third-party/porcupine "$work/porcupine"
    if ! (cd "$work/porcupine" && go get github.com/anishathalye/porcupine@latest && go build -o check .) >"$work/go.log" 2>&1; then
        echo "not found: Porcupine could not be fetched or built: $(tail -n 1 "$work/go.log")"
        return
    fi
    for name in $(histories); do
        answer=$("$work/porcupine/check" "$work/histories/$name/porcupine.json") || answer=unknown
        compare Porcupine "$name" "$(verdict "$name")" "$(word "$answer")"
    done
}

elle_cli() { java -jar "$ELLE_CLI_JAR" "$@" 2>/dev/null || echo unknown; }

# One file for each register, its values without their key: a history of several registers is right if each one is.
registers() {
    sed -n 's/.*:value \["\([^"]*\)".*/\1/p' "$1" | sort -u | while read -r key; do
        grep -F ":value [\"$key\" " "$1" | sed 's/:value \["[^"]*" \(.*\)\], :by/:value \1, :by/' \
            >"$2/$(printf '%s' "$key" | tr / -).edn"
    done
}

knossos() {
    for name in $(histories); do
        mkdir -p "$work/registers/$name"
        registers "$work/histories/$name/history.edn" "$work/registers/$name"
        theirs=valid
        for file in "$work/registers/$name"/*.edn; do
            [ -e "$file" ] || continue
            case $(word "$(elle_cli --model cas-register "$file")") in
                violated) theirs=violated ;;
                unknown) [ $theirs = violated ] || theirs=unknown ;;
            esac
        done
        compare Knossos "$name" "$(verdict "$name")" $theirs
    done
}

# Elle passes over values that nobody wrote and does not know openings, so of what is violated it must find the double
# sells; of what is valid it must find nothing.
elle() {
    for name in $(histories); do
        {
            echo '['
            sed '$!s/$/,/' "$work/histories/$name/history.jsonl"
            echo ']'
        } >"$work/elle.json"
        theirs=$(word "$(elle_cli --model rw-register --consistency-models strict-serializable "$work/elle.json")")
        if [ "$theirs" = valid ] && grep -q '^violated' "$work/histories/$name/verdict.txt" \
            && ! grep -q double-sell "$work/histories/$name/verdict.txt"; then
            echo "unseen    Elle $name: ours is $(cat "$work/histories/$name/verdict.txt")"
            continue
        fi
        compare Elle "$name" "$(verdict "$name")" "$theirs"
    done
}

porcupine
if ! command -v java >/dev/null; then
    echo "not found: java, so Knossos and Elle were not asked"
elif [ ! -f "${ELLE_CLI_JAR:-}" ]; then
    echo "not found: ELLE_CLI_JAR names no file, so Knossos and Elle were not asked"
else
    knossos
    elle
fi

if [ $compared -eq 0 ]; then
    echo "nothing was compared"
else
    echo "compared $compared verdicts, $disagree disagree"
fi
[ $disagree -eq 0 ]
