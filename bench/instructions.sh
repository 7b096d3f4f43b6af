#!/usr/bin/env bash
# Counts the instructions of a pod with callgrind, for both decoders and for each rule's fold, and compares them with the
# figures of bench/instructions.tsv: more than 5 % above is a failure. With --update the figures are written.
set -euo pipefail
cd "$(dirname "$0")/.."

figures=bench/instructions.tsv
pods=50 # of a round, see crates/rules/benches/instructions.rs

if [ "$(uname -m)" != x86_64 ]; then
  echo "not compared: the figures are those of x86_64"
  exit 0
fi

binary=$(cargo bench --locked --package eks-rules --bench instructions --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p')
[ -x "$binary" ] || { cargo bench --locked --package eks-rules --bench instructions --no-run; exit 1; }

# The instructions of the whole program.
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}

# The instructions of a pod: start and end of the program fall out of the difference between N and 2 N rounds.
per_pod() {
  echo $((($(instructions "$1" $((2 * $2))) - $(instructions "$1" "$2")) / ($2 * pods)))
}

counted=$(mktemp)
trap 'rm -f "$counted"' EXIT
for what in protobuf json; do printf '%s\t%s\n' "$what" "$(per_pod "$what" 10)"; done >"$counted"
for what in netPolCheck privEscalation trustedRegCheck; do printf '%s\t%s\n' "$what" "$(per_pod "$what" 100)"; done >>"$counted"

if [ "${1-}" = --update ]; then
  cp "$counted" "$figures"
  cat "$figures"
  exit 0
fi
awk -F '\t' '
  NR == FNR { committed[$1] = $2; next }
  {
    change = ($2 / committed[$1] - 1) * 100
    printf "%-16s %8d instructions a pod, committed %8d: %+.1f %%\n", $1, $2, committed[$1], change
    slower += change > 5
    faster += change < -5
  }
  END {
    if (slower) print "more than 5 % above: find out why, or commit what bench/instructions.sh --update writes"
    else if (faster) print "more than 5 % below: commit what bench/instructions.sh --update writes"
    exit slower > 0
  }' "$figures" "$counted"
