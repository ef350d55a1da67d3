#!/usr/bin/env bash
# From nothing to an installed Shadowlift on a cluster: environment, binaries, images, cluster, chart. Used by `make demo` and `make e2e`.
# Every stage is timed into $STAGES. With KUBECONFIG set, that cluster is used; then SHADOWLIFT_IMAGES must name a file like images.json
# whose images that cluster can pull.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/shadowlift}" "${STAGES:=$CACHE/stages.jsonl}"
mkdir -p "$CACHE" && : >"$STAGES"
stage() { "$PYTHON" -m dev.demo.stages "$STAGES" "$@"; }

stage "Python environment" -- make -s venv PYTHON="$PYTHON"
VENV=$(make -s venv PYTHON="$PYTHON")
if [ -n "${KUBECONFIG:-}" ]; then
  : "${SHADOWLIFT_IMAGES:?KUBECONFIG is set: set SHADOWLIFT_IMAGES to a JSON file {name: {image: reference}} of images that cluster can pull}"
else
  stage "cluster binaries" -- "$PYTHON" -m dev.cluster build
  stage "images" -- "$PYTHON" -m dev.images build --out "$CACHE/archives"
  SHADOWLIFT_IMAGES="$CACHE/archives/images.json"
  stage "cluster" -- "$PYTHON" -m dev.cluster up
  mapfile -t archives < <("$PYTHON" -m dev.images archives --out "$CACHE/archives")
  stage "load images" -- "$PYTHON" -m dev.cluster load "${archives[@]}"
  KUBECONFIG=$("$PYTHON" -m dev.cluster kubeconfig)
fi
export KUBECONFIG SHADOWLIFT_IMAGES
image() { "$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]]["image"])' "$SHADOWLIFT_IMAGES" "$1"; }
stage "install the chart" -- "$VENV/bin/python" -m dev.install --image "$(image shadowlift)"
