#!/bin/sh
# Do other people's checkers say what our witness says? Runs whichever of them is here on every recorded history:
#   Porcupine  needs `go` and, once, a network for its module
#   Knossos    and
#   Elle       need `java` and ELLE_CLI_JAR, the standalone jar of elle-cli
# HISTORIES names a folder of histories to use instead of those that `--example histories` writes.
# Exit 0: nothing disagrees, or nothing could be compared. Exit 1: something disagrees, or a checker failed.
set -eu
case ${ELLE_CLI_JAR:-} in '' | /*) ;; *) ELLE_CLI_JAR=$PWD/$ELLE_CLI_JAR ;; esac
case ${HISTORIES:-} in '' | /*) ;; *) HISTORIES=$PWD/$HISTORIES ;; esac
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compared=0
disagree=0
failed=0

if [ -z "${HISTORIES:-}" ]; then
    HISTORIES=$work/histories
    cargo run --quiet -p evidence --example histories -- "$HISTORIES"
fi

# compare TOOL HISTORY OURS THEIRS: ours is valid or violated, theirs too, or unknown, or failed.
compare() {
    case $4 in
        "$3") echo "agree     $1 $2: $3" ;;
        unknown) echo "unknown   $1 $2: no answer; ours is $3" ;;
        failed*)
            echo "FAILED    $1 $2: ${4#failed }; ours is $3"
            failed=$((failed + 1))
            return
            ;;
        *)
            echo "DISAGREE  $1 $2: theirs is $4, ours is $3"
            disagree=$((disagree + 1))
            ;;
    esac
    compared=$((compared + 1))
}

# answer COMMAND...: what a checker says, in one of our words. The answer is the last word of its last line. elle-cli and
# Knossos exit 1 when they answer false, so the exit code is believed only beside an answer that goes with it.
answer() {
    code=0
    "$@" >"$work/said" 2>"$work/complaint" || code=$?
    said=$(awk 'NF { word = $NF } END { print word }' "$work/said")
    case $said/$code in
        Ok/0 | true/0) echo valid ;;
        Illegal/[01] | false/[01]) echo violated ;;
        Unknown/[01] | unknown/[01] | :unknown/[01]) echo unknown ;;
        *) echo "failed exit code $code, '$said' $(awk 'NF { line = $0 } END { print line }' "$work/complaint")" ;;
    esac
}

verdict() { cut -d' ' -f1 "$HISTORIES/$1/verdict.txt"; }
histories() { ls "$HISTORIES"; }

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
        theirs=valid # A history without operations.
        if grep -q '{' "$HISTORIES/$name/porcupine.json"; then
            theirs=$(answer "$work/porcupine/check" "$HISTORIES/$name/porcupine.json")
        fi
        compare Porcupine "$name" "$(verdict "$name")" "$theirs"
    done
}

elle_cli() { answer java -jar "$ELLE_CLI_JAR" "$@"; }

# A history of several registers is right if each one is: one file for each.
knossos() {
    for name in $(histories); do
        theirs=valid
        for file in "$HISTORIES/$name/registers"/*.edn; do
            # Without registers, or without operations, there is nothing to ask.
            [ -e "$file" ] && grep -q '^{' "$file" || continue
            said=$(elle_cli --model cas-register "$file")
            case $theirs/$said in
                violated/* | */valid) ;;
                */violated) theirs=violated ;;
                failed*) ;;
                *) theirs=$said ;;
            esac
        done
        compare Knossos "$name" "$(verdict "$name")" "$theirs"
    done
}

# Elle passes over values that nobody wrote and does not know openings, so of what is violated it must find the double
# sells; of what is valid it must find nothing.
elle() {
    for name in $(histories); do
        theirs=valid # A history without transactions.
        if [ -s "$HISTORIES/$name/history.jsonl" ]; then
            {
                echo '['
                sed '$!s/$/,/' "$HISTORIES/$name/history.jsonl"
                echo ']'
            } >"$work/elle.json"
            theirs=$(elle_cli --model rw-register --consistency-models strict-serializable "$work/elle.json")
        fi
        if [ "$theirs" = valid ] && grep -q '^violated' "$HISTORIES/$name/verdict.txt" \
            && ! grep -q double-sell "$HISTORIES/$name/verdict.txt"; then
            echo "unseen    Elle $name: ours is $(cat "$HISTORIES/$name/verdict.txt")"
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

if [ $((compared + failed)) -eq 0 ]; then
    echo "nothing was compared"
else
    echo "compared $compared verdicts, $disagree disagree, $failed could not be asked"
fi
[ $((disagree + failed)) -eq 0 ]
