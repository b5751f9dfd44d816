#!/bin/bash
# Lifecycle configuration for JupyterLab: conda environments and pip's cache live in the home directory, which outlives
# the app. A kernel made from such an environment is there again after a restart.
set -eu

envs="$HOME/.conda/envs"
mkdir -p "$envs" "$HOME/.cache/pip"

if command -v conda >/dev/null; then
  if ! conda config --show envs_dirs | grep -qF -- "$envs"; then
    conda config --prepend envs_dirs "$envs"
  fi
else
  echo "conda is not in this image; $envs is ready all the same"
fi

# Make every environment that can run a kernel known to Jupyter.
kernels="$HOME/.local/share/jupyter/kernels"
for python in "$envs"/*/bin/python; do
  [ -x "$python" ] || continue
  name=$(basename "$(dirname "$(dirname "$python")")")
  if [ ! -e "$kernels/$name" ] && "$python" -c 'import ipykernel' 2>/dev/null; then
    "$python" -m ipykernel install --user --name "$name" --display-name "$name"
  fi
done
