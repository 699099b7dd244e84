#!/usr/bin/env bash
# user-mode.sh [ARGUMENT...]: unit and contract tests of store, outbox, MQTT and buses in Debian 13's Node.js for 64-bit ARM, by QEMU in
# user mode, as root on Debian with mmdebstrap and qemu-user-static; the arguments go to vitest.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
modules=$(realpath -- "$here/../../node_modules")
# shellcheck source=test/vm/debian.sh
. "$here/../vm/debian.sh"
root=$modules/.cache/debian-13-arm64
unpack_debian arm64 "$root" base-files,libc-bin,nodejs
# Without the crypto extensions that a Pi 3, Zero 2 W and 4 lack.
qemu=$modules/.cache/qemu-aarch64-pi
[ -x "$qemu" ] || { python3 "$here/no-crypto.py" /usr/bin/qemu-aarch64-static "$qemu" && chmod +x "$qemu"; }
export QEMU_LD_PREFIX=$root QEMU_CPU=cortex-a53
with_programs_of arm64 "$qemu" "$modules/.bin/vitest" run --config "$here/user-mode.vitest.config.ts" "$@"
