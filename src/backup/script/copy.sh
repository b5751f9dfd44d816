#!/usr/bin/env bash
# Copies the home folders of a SageMaker domain from its file system to that of a new domain, each for its new owner.
#
#   copy.sh           says what it would do, and changes nothing
#   copy.sh --apply   does it; as root, with both file systems mounted
#
# Nothing is deleted and nothing is overwritten, in either file system. Each folder is first copied to one of ours,
# .studio-gateway/UID in the new file system, and then linked from there into the new home folder, where what is there
# already stays. A folder that was done is not done again: after an interruption, run it again. The folder .studio-gateway
# takes hardly any space, since it shares the files, and can be removed by hand when everybody has what is theirs.
set -euo pipefail
export LC_ALL=C

# --- values ---
old_root=/mnt/studio-old
new_root=/mnt/studio-new
old_domain=d-old
new_domain=d-new
old_efs=fs-00000000
new_efs=fs-00000001
# kind, name, old UID, new UID
folders=()
# --- end of values ---

say() {
  printf '%(%Y-%m-%dT%H:%M:%S%z)T %s\n' -1 "$*"
}

refuse() {
  say "refused: $*" >&2
  exit 1
}

apply=no
case $# in
  0) ;;
  1) if [[ $1 == --apply ]]; then apply=yes; else refuse "unknown argument; copy.sh [--apply]"; fi ;;
  *) refuse "too many arguments; copy.sh [--apply]" ;;
esac

for root in "$old_root" "$new_root"; do
  mountpoint -q -- "$root" || refuse "$root is not a mount point"
done
[[ ! $old_root -ef $new_root ]] || refuse "$old_root and $new_root are the same"
if [[ $apply == yes && $(id -u) != 0 ]]; then
  refuse "only root can give files to their owners"
fi

stage_root=$new_root/.studio-gateway
if [[ $apply == yes ]]; then
  [[ ! -L $stage_root ]] || refuse "$stage_root is a link"
  [[ -d $stage_root ]] || mkdir -m 700 -- "$stage_root"
  exec > >(tee -a -- "$stage_root/log") 2>&1
fi
# Newer versions of cp fail where an older one says nothing: both are told to leave what is there.
keep=--no-clobber
if cp --update=none --version >/dev/null 2>&1; then
  keep=--update=none
fi

say "from $old_domain ($old_efs, $old_root) to $new_domain ($new_efs, $new_root), apply: $apply"
copied=0 done_before=0 missing=0
for ((at = 0; at < ${#folders[@]}; at += 4)); do
  who="${folders[at]} ${folders[at + 1]}"
  source=$old_root/${folders[at + 2]}
  uid=${folders[at + 3]}
  target=$new_root/$uid
  stage=$stage_root/$uid
  if [[ -e $stage.done ]]; then
    done_before=$((done_before + 1))
    continue
  fi
  if [[ ! -d $source || -L $source ]]; then
    say "$who: there is no $source"
    missing=$((missing + 1))
    continue
  fi
  if [[ -L $target || -L $stage ]] || [[ -e $target && ! -d $target ]]; then
    refuse "$who: $target is not a folder"
  fi
  if [[ $apply == no ]]; then
    say "$who: would copy $source to $target, for UID $uid"
    copied=$((copied + 1))
    continue
  fi
  say "$who: copying $source to $target, for UID $uid"
  # Once files are linked, they are the new owner's, and not written to again.
  if [[ ! -e $stage.copied ]]; then
    [[ -d $stage ]] || mkdir -m 700 -- "$stage"
    cp -a -- "$source/." "$stage/"
    chown -R -h -- "$uid" "$stage"
    : >"$stage.copied"
  fi
  if [[ ! -d $target ]]; then
    mkdir -m 700 -- "$target"
    chown -h -- "$uid" "$target"
  fi
  cp -a -l "$keep" -- "$stage/." "$target/"
  : >"$stage.done"
  copied=$((copied + 1))
done
say "folders: $copied copied, $done_before done before, $missing missing"
