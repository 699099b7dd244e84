#!/usr/bin/env bash
# Builds the test machine's kernel into FOLDER, out of Debian's linux-source-6.12 (about 10 minutes on two cores).
set -euo pipefail
folder=$(realpath -m "${1:?usage: build-kernel.sh FOLDER}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

packages="linux-source-6.12 build-essential flex bison bc libelf-dev libssl-dev kmod cpio xz-utils rsync"
# shellcheck disable=SC2086
if ! dpkg -s $packages >/dev/null 2>&1; then
  [ "$(id -u)" = 0 ] || { echo "build-kernel.sh: missing: apt-get install $packages" >&2 && exit 1; }
  apt-get update -q
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xf /usr/src/linux-source-6.12.tar.xz -C "$work" --strip-components=1
cp "$here/kernel.config" "$work/arch/x86/configs/wx_defconfig"
make -C "$work" wx_defconfig
make -C "$work" -j"$(nproc)" bzImage modules
mkdir -p "$folder"
cp "$work/arch/x86/boot/bzImage" "$work/drivers/i2c/i2c-stub.ko" "$folder/"
