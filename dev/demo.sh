#!/usr/bin/env bash
# `make demo`: everything from nothing, then the story. Leaves the cluster up, so that one can look around.
set -euo pipefail
cd "$(dirname "$0")/.."
SHADOWLIFT_ONLY_IMAGES="shadowlift triage-rules triage-logreg triage-stale"  # those of its story
SHADOWLIFT_STORY_IN=clinic
. dev/up.sh
exec "$VENV/bin/python" -m dev.demo --stages "$STAGES"
