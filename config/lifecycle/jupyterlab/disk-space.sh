#!/bin/bash
# Lifecycle configuration for JupyterLab: a full volume keeps the app from starting. Empty the trash and old caches
# before that happens, and say what takes the room.
set -eu

FULL_PERCENT=85
used=$(df --output=pcent "$HOME" | tail -n 1 | tr -dc '0-9')
if [ "${used:-0}" -lt "$FULL_PERCENT" ]; then
  exit 0
fi

echo "The volume of $HOME is $used % full. Emptying trash and caches."
rm -rf "$HOME/.local/share/Trash/files" "$HOME/.local/share/Trash/info"
find "$HOME/.cache" -type f -atime +14 -delete 2>/dev/null || true

note="$HOME/DISK-IS-NEARLY-FULL.txt"
{
  date
  df -h "$HOME"
  echo
  echo "Largest folders:"
  du -xh --max-depth=2 "$HOME" 2>/dev/null | sort -rh | head -n 15
} >"$note"
