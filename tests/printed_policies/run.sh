#!/usr/bin/env bash
# Every printed policy, and several at once, asked by @cloud-copilot/iam-simulate. Needs node, npm and `cargo build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
binary=${STUDIO_GATEWAY:-$target/debug/studio-gateway}
folder=$target/printed-policies-npm
mkdir -p "$folder"
cp tests/printed_policies/package.json tests/printed_policies/package-lock.json tests/printed_policies/simulate.mjs "$folder"
mark=$folder/.made-of-$(sha256sum <tests/printed_policies/package-lock.json | cut -c1-16)
if [ ! -e "$mark" ]; then
  npm --prefix "$folder" ci --silent --no-audit --no-fund
  touch "$mark"
fi
exec node "$folder/simulate.mjs" "$binary" "$PWD"
