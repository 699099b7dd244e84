# Sourced, as root: where this machine has Debian from, and programs of other processors than its own.
# shellcheck shell=bash

# The address that this machine's apt has Debian from.
debian_site() {
  local site
  # shellcheck disable=SC2016 # apt's variables
  find_site() { apt-get indextargets --format '$(LABEL)|$(SITE)' 'Created-By: Packages' | sed -n 's/^Debian|//p' | sed -n 1p; }
  site=$(find_site)
  [ -n "$site" ] || { apt-get update -q >&2 && site=$(find_site); }
  [ -n "$site" ] || { echo "${0##*/}: apt knows no site of Debian" >&2 && return 1; }
  echo "$site"
}

# Unpacks packages $3 of Debian 13 for architecture $1 into folder $2, unless it is there. Nothing is set up, as no program of theirs
# is run for it.
unpack_debian() {
  [ ! -d "$2" ] || return 0
  rm -rf --one-file-system "$2.part"
  mmdebstrap --quiet --mode=root --architectures="$1" --variant=extract --skip=check/qemu --aptopt='Acquire::Retries "3"' \
    --include="$3" trixie "$2.part" "$(debian_site)" && mv "$2.part" "$2"
}

# Runs command $3... while the kernel gives programs of processor $1 (arm or arm64) to program $2 (QEMU in user mode).
with_programs_of() {
  local magic mask qemu=$2
  case $1 in
    arm) magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00' ;;
    arm64) magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' ;;
  esac
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  shift 2
  (
    handlers=$(mktemp -d)
    mount -t binfmt_misc none "$handlers" || exit
    # Under a name of its own: nobody else's run takes it away.
    name=weather-gateway-${handlers##*.}
    trap 'echo -1 >"$handlers/$name"; umount "$handlers" && rmdir "$handlers"' EXIT
    # F: the interpreter is opened now, so that a chroot need not have it.
    printf '%s' ":$name:M::$magic:$mask:$qemu:F" >"$handlers/register"
    "$@"
  )
}
