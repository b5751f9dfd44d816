#!/usr/bin/env bash
# Prints the policies of this folder again, from example.toml. Needs `cargo build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
binary=${STUDIO_GATEWAY:-${CARGO_TARGET_DIR:-../../target}/debug/studio-gateway}
"$binary" policies --config example.toml --list | cut -d' ' -f1 | while read -r name; do
  "$binary" policies --config example.toml --only "$name" >"$name.json"
done
