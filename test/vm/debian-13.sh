#!/usr/bin/env bash
# Unpacks Debian 13, which Raspberry Pi OS is made of, into FOLDER, as root, and makes the image FOLDER.img of it: what the
# installed service needs, and a broker. The packages are those that apt fetches and verifies, from where this machine has its own.
# One that has these packages already is left alone.
set -euo pipefail
folder=$(realpath -m "${1:?usage: debian-13.sh FOLDER}")
packages=systemd-sysv,udev,dbus,nodejs,gpiod,i2c-tools,mosquitto,mosquitto-clients,busybox-static,e2fsprogs,procps,openssh-client
[ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ] || exit 0

# shellcheck source=test/vm/debian.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian.sh"
site=$(debian_site)

# Whole or not at all.
mkdir -p "$(dirname "$folder")"
rm -rf "$folder.part"
mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Retries "3"' \
  trixie "$folder.part" "$site"

printf '127.0.0.1 localhost\n::1 localhost\n' >"$folder.part/etc/hosts"

# Its libgpiod for the machine that has the older one: FOLDER/opt/libgpiod comes first in PATH.
mkdir -p "$folder.part/opt/libgpiod"
loader=$(cd "$folder.part" && echo usr/lib*/ld-linux-*.so.*)
for tool in gpiodetect gpiomon gpioset; do
  cat >"$folder.part/opt/libgpiod/$tool" <<WRAPPER
#!/bin/sh
exec $folder/$loader --library-path $folder/usr/lib/$(uname -m)-linux-gnu $folder/usr/bin/$tool "\$@"
WRAPPER
  chmod +x "$folder.part/opt/libgpiod/$tool"
done
echo "$packages" >"$folder.part/packages"
rm -rf "$folder" "$folder.img"
mkfs.ext4 -q -O '^has_journal' -d "$folder.part" "$folder.img" 700M
mv "$folder.part" "$folder"
cat "$folder/etc/debian_version"
