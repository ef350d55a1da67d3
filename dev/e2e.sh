#!/usr/bin/env bash
# `make e2e`: a cluster with the chart, then the tests on it. The local cluster is one of its own and goes afterwards, also when
# interrupted; one that KUBECONFIG names stays.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${KUBECONFIG:-}" ]; then
  export SHADOWLIFT_CLUSTER_STATE="${SHADOWLIFT_E2E_STATE:-${XDG_CACHE_HOME:-$HOME/.cache}/shadowlift/e2e-cluster}"
  trap '"${PYTHON:-python3}" -m dev.cluster down' EXIT
fi
. dev/up.sh
"$VENV/bin/python" -m pytest -q -p no:cacheprovider --durations=0 "${@:-tests/e2e}"
