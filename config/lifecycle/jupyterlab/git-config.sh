#!/bin/bash
# Lifecycle configuration for JupyterLab: Git as people need it on their first day.
# Leaves alone whatever the person has set.
set -eu

set_default() {
  git config --global --get "$1" >/dev/null || git config --global "$1" "$2"
}

if ! command -v git >/dev/null; then
  echo "git is not in this image; nothing to configure"
  exit 0
fi

set_default init.defaultBranch main
set_default pull.rebase false
set_default push.autoSetupRemote true
# Keep a password or token in memory for an hour, and never on the disk that is backed up.
set_default credential.helper 'cache --timeout=3600'

# Notebooks carry output, which can carry data: ignore the usual droppings everywhere.
ignore="$HOME/.config/git/ignore"
if [ ! -e "$ignore" ]; then
  mkdir -p "$(dirname "$ignore")"
  printf '%s\n' .ipynb_checkpoints/ __pycache__/ .env .aws/ >"$ignore"
fi
