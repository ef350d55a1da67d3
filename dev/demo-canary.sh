#!/usr/bin/env bash
# `make demo-canary`: everything from nothing, then the shop's story. Leaves the cluster up, so that one can look around.
set -euo pipefail
cd "$(dirname "$0")/.."
SHADOWLIFT_ONLY_IMAGES="shadowlift offers-rules offers-personal offers-pushy offers-same"  # those of its story
SHADOWLIFT_STORY_IN=shop
. dev/up.sh
exec "$VENV/bin/python" -m dev.demo.shop --stages "$STAGES"
