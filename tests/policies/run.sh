#!/usr/bin/env bash
# The shipped policies and the embedded AWS's judgement, against an independent evaluator of IAM policies (needs node and npm).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/policy-check
mkdir -p "$folder"
cp "$here/package.json" "$here/simulate.mjs" "$folder"
mark=$folder/.made-of-$(sha256sum <"$here/package.json" | cut -c1-16)
if [ ! -e "$mark" ]; then
  npm install --prefix "$folder" --silent --no-audit --no-fund --no-package-lock
  touch "$mark"
fi
node "$folder/simulate.mjs" "$here"
