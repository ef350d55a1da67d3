#!/usr/bin/env bash
# `make e2e`: a cluster with the chart, then the tests on it. The local cluster is one of its own and goes afterwards, also when
# interrupted; one that KUBECONFIG names stays.
set -euo pipefail
cd "$(dirname "$0")/.."
LOCAL= STANDING=
clean() {
  [ -z "$STANDING" ] || kill "$STANDING" 2>/dev/null || true
  [ -z "$LOCAL" ] || "${PYTHON:-python3}" -m dev.cluster down
}
trap clean EXIT
if [ -z "${KUBECONFIG:-}" ]; then
  export SHADOWLIFT_CLUSTER_STATE="${SHADOWLIFT_E2E_STATE:-${XDG_CACHE_HOME:-$HOME/.cache}/shadowlift/e2e-cluster}"
  LOCAL=yes
fi
. dev/up.sh
run() { "$VENV/bin/python" -m pytest -q -p no:cacheprovider --durations=12 "$@"; }
if [ $# -gt 0 ]; then
  run "$@"
  exit
fi
# Kubernetes gives up on a rollout after five minutes, which is waited for beside all else.
STOOD=$(mktemp)
run tests/e2e/chart/test_conditions.py >"$STOOD" 2>&1 &
STANDING=$!
# `make faults` has an hour for its own; a cluster that somebody else made has a life of its own.
OTHERS=(tests/e2e --ignore=tests/e2e/chart/test_conditions.py --ignore=tests/e2e/faults/test_faults.py)
[ -n "$LOCAL" ] || OTHERS+=(--ignore=tests/e2e/local)
# Trials in namespaces of their own mostly wait, so they wait together; what disrupts the whole installation comes after them.
run -n 3 --dist load --maxschedchunk 1 -m "not disrupts" "${OTHERS[@]}"
run -m disrupts "${OTHERS[@]}"
run -m cluster tests/contract  # without an operator, which would answer
code=0
wait "$STANDING" || code=$?
STANDING=
cat "$STOOD"
exit $code
