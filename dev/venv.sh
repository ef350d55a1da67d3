#!/usr/bin/env bash
# `dev/venv.sh FOLDER`: the Python environment of requirements/dev.txt in FOLDER, made once however many ask at the same time.
set -euo pipefail
folder=$1 python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON=..." >&2; exit 1; }
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
[ -e "$folder/.done" ] && exit 0
echo "installing the Python environment into $folder (about a minute)" >&2
rm -rf "$folder"
"$python" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-deps --require-hashes -r requirements/dev.txt >&2 ||
  { echo "the Python package index could not be reached: see pip's message above" >&2; exit 1; }
touch "$folder/.done"
