# From nothing to an installed Shadowlift on a cluster: environment, binaries, images, cluster, chart. Sourced by demo.sh and e2e.sh,
# with `set -euo pipefail` and the repository as working directory. Every stage is timed into $STAGES. With KUBECONFIG set, that
# cluster is used; SHADOWLIFT_IMAGES must then name a file like images.json whose images that cluster can pull.
: "${PYTHON:=python3}" "${CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/shadowlift}" "${STAGES:=$CACHE/stages.jsonl}"
export PYTHONPATH=operator:. PYTHONDONTWRITEBYTECODE=1
if [ -z "${KUBECONFIG:-}" ] && [ "$(id -u)" != 0 ]; then
  echo "the local cluster must run as root: it makes namespaces and mounts. Or use a cluster you have: set KUBECONFIG (docs/tutorial/your-own-cluster.md)" >&2
  exit 1
fi
mkdir -p "$CACHE" && : >"$STAGES"
stage() { "$PYTHON" -m dev.demo.stages "$STAGES" "$@"; }

stage "Python environment" -- make -s venv PYTHON="$PYTHON"
VENV=$(make -s venv PYTHON="$PYTHON")
if [ -n "${KUBECONFIG:-}" ]; then
  : "${SHADOWLIFT_IMAGES:?KUBECONFIG is set, so that cluster is used: name a JSON file of images that it can pull (docs/tutorial/your-own-cluster.md), or unset KUBECONFIG for the local cluster}"
else
  stage "cluster binaries" -- "$PYTHON" -m dev.cluster build
  ARCHIVES="$CACHE/archives${SHADOWLIFT_ONLY_IMAGES:+-some}"  # a build of some images must not hide the others from who uses all
  # shellcheck disable=SC2086 - names of images, one word each; none: all
  stage "images" -- "$PYTHON" -m dev.images build --out "$ARCHIVES" ${SHADOWLIFT_ONLY_IMAGES:-}
  SHADOWLIFT_IMAGES="$ARCHIVES/images.json"
  stage "cluster" -- "$PYTHON" -m dev.cluster up
  KUBECONFIG=$("$PYTHON" -m dev.cluster kubeconfig)
  mapfile -t archives < <("$PYTHON" -m dev.images archives --out "$ARCHIVES")
  stage "load images" -- "$PYTHON" -m dev.cluster load "${archives[@]}"
fi
export KUBECONFIG SHADOWLIFT_IMAGES
# Where a story could not begin, nothing is installed either.
[ -z "${SHADOWLIFT_STORY_IN:-}" ] || "$VENV/bin/python" -m dev.demo.leftovers "$SHADOWLIFT_STORY_IN"
IMAGE=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["shadowlift"]["image"])' "$SHADOWLIFT_IMAGES")
stage "install the chart" -- "$VENV/bin/python" -m dev.install --image "$IMAGE" ${SHADOWLIFT_CHART_VALUES:-}
