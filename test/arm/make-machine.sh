#!/usr/bin/env bash
# make-machine.sh FOLDER: all that the emulated 64-bit ARM machines are made of, as root on Debian with mmdebstrap and kmod (five minutes):
# Debian 13's QEMU, cross compiler and kernels (arm64 with 4 KiB pages, arm64-16k with 16 KiB as on a Pi 5), the modules that
# Debian's kernel lacks, device trees of the boards, and card.img with Debian 13 for arm64. What is there already stays.
# Versions are those that apt has today; nothing is installed on this machine.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath -m -- "${1:?usage: make-machine.sh FOLDER}")
tools=$folder/tools
station_packages=systemd-sysv,udev,dbus,nodejs,gpiod,i2c-tools,mosquitto,mosquitto-clients,busybox-static,procps,kmod
mkdir -p "$folder/debs"

# shellcheck source=test/vm/debian.sh
. "$here/../vm/debian.sh"
site=$(debian_site)

inside() { chroot "$tools" env -i PATH=/usr/sbin:/usr/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
# Packages of Debian 13 into $folder/debs.
download() {
  cp /etc/resolv.conf "$tools/etc/resolv.conf"
  (cd "$tools/debs" && inside sh -c "cd /debs && apt-get -o APT::Sandbox::User=root download -q $*" >/dev/null)
  mv "$tools"/debs/*.deb "$folder/debs/"
}
# shellcheck disable=SC2086 # the pattern is one
unpack() { dpkg-deb --fsys-tarfile "$folder"/debs/$1 | tar -x --keep-directory-symlink -C "$2"; } # pattern, folder

make_tools() {
  local version
  rm -rf --one-file-system "$tools.part"
  mmdebstrap --quiet --variant=essential --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
    --include=apt,qemu-system-arm,qemu-user,g++-14-aarch64-linux-gnu,make,device-tree-compiler,kmod,xz-utils trixie "$tools.part" "$site"
  mv "$tools.part" "$tools"
  inside dpkg --add-architecture arm64
  mkdir -p "$tools/debs" "$folder/busybox" "$folder/source"
  cp /etc/resolv.conf "$tools/etc/resolv.conf"
  inside apt-get update -q
  # linux-image-arm64 depends on the image of today's version.
  version=$(inside apt-cache depends linux-image-arm64:arm64 | sed -n 's/.*Depends: linux-image-\(.*\)-arm64.*/\1/p' | head -n 1)
  inside apt-get install -q -y "linux-kbuild-$version" "linux-headers-$version-common" >/dev/null
  download busybox-static:arm64 linux-source-6.12
  unpack 'busybox-static_*_arm64.deb' "$folder/busybox"
  dpkg-deb --fsys-tarfile "$folder"/debs/linux-source-6.12_*.deb | tar -xO --wildcards '*/linux-source-6.12.tar.xz' |
    tar -xJ -C "$folder/source" --strip-components=1 --wildcards \
      '*/drivers/gpio/gpio-sim.c' '*/drivers/i2c/i2c-stub.c' '*/kernel/irq/irq_sim.c'
  python3 "$here/no-crypto.py" "$tools/usr/bin/qemu-system-aarch64" "$folder/qemu-system-pi"
  chmod +x "$folder/qemu-system-pi"
  echo "$version" >"$folder/version"
}

make_kernel() { # flavour
  local name=$version-$1 kernel=$folder/$1
  rm -rf "$kernel"
  mkdir -p "$kernel"
  download "linux-image-$name:arm64" "linux-headers-$name:arm64"
  unpack "linux-image-${name}_*_arm64.deb" "$kernel"
  unpack "linux-headers-${name}_*_arm64.deb" "$tools"
  ln -s usr/lib "$kernel/lib"
  depmod -b "$kernel" "$name"
  cp "$kernel/boot/vmlinuz-$name" "$kernel/vmlinuz"
}

# The modules that Debian's kernel lacks.
make_modules() { # flavour
  local name=$version-$1 build=$tools/tmp/modules
  rm -rf "$build"
  mkdir -p "$build" "$folder/$1/ours"
  cp "$folder/source/drivers/i2c/i2c-stub.c" "$here/contacts.c" "$build/"
  cp "$folder/source/drivers/gpio/gpio-sim.c" "$build/gpio-sim-main.c"
  # gpio-sim needs the interrupts of irq_sim, which Debian's kernel has not; irq_to_desc is not for modules.
  sed 's/handle_simple_irq(irq_to_desc(irqnum));/generic_handle_irq(irqnum);/' \
    "$folder/source/kernel/irq/irq_sim.c" >"$build/irq_sim.c"
  printf 'obj-m := i2c-stub.o gpio-sim.o contacts.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\n' >"$build/Makefile"
  inside make -s -C "/usr/src/linux-headers-$name" M=/tmp/modules ARCH=arm64 \
    CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-14 modules
  cp "$build"/{i2c-stub,gpio-sim,contacts}.ko "$folder/$1/ours/"
  cp "$here/contacts.c" "$folder/$1/ours/"
}

# The kernel's own device tree of the Raspberry Pi 4 Model B, without what QEMU's lacks.
make_device_tree() {
  local node
  cp "$folder/arm64/usr/lib/linux-image-$version-arm64/broadcom/bcm2711-rpi-4-b.dtb" "$tools/tmp/board.dtb"
  put() { inside fdtput "$@"; }
  # These would hang or stop the kernel.
  for node in /soc/interrupt-controller@7ef00100 /soc/clock@7ef00000 /soc/hdmi@7ef00700 /soc/hdmi@7ef05700 \
    /soc/i2c@7ef04500 /soc/i2c@7ef09500 /soc/avs-monitor@7d5d2000 /emmc2bus/mmc@7e340000; do
    put -t s /tmp/board.dtb $node status disabled
  done
  # QEMU has the card at the older controller, where the board has its Wi-Fi.
  put -d /tmp/board.dtb /soc/mmc@7e300000 mmc-pwrseq
  put -r /tmp/board.dtb /soc/mmc@7e300000/wifi@1
  # The registers of the GPIO block in memory of the VideoCore, which Linux does not touch: for contacts.c.
  put -t x /tmp/board.dtb /soc ranges 7e000000 0 fe000000 1800000 7c000000 0 fc000000 2000000 40000000 0 ff800000 800000 \
    70000000 0 3e000000 1000
  put -t x /tmp/board.dtb /soc/gpio@7e200000 reg 70000000 b4
  mv "$tools/tmp/board.dtb" "$folder/raspi4b.dtb"
}

make_card() {
  local root=$folder/debian
  if [ ! -d "$root" ]; then
    rm -rf --one-file-system "$root.part"
    with_programs_of arm64 "$tools/usr/bin/qemu-aarch64" mmdebstrap --quiet --mode=root --architectures=arm64 --variant=minbase --skip=check/qemu \
      --include="$station_packages" --aptopt='Acquire::Retries "3"' trixie "$root.part" "$site"
    mv "$root.part" "$root"
  fi
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}
  # Nothing is newer than what systemd keeps of it: no ldconfig and no catalogues at boot.
  touch -d '+1 day' "$root/etc/.updated" "$root/var/.updated"
  mkfs.ext4 -q -O '^has_journal' -d "$root" "$folder/card.part" 1024M
  mv "$folder/card.part" "$folder/card.img"
}

[ -e "$folder/version" ] || make_tools
version=$(cat "$folder/version")
for flavour in arm64 arm64-16k; do
  [ -e "$folder/$flavour/vmlinuz" ] || make_kernel $flavour
  # Again after each change of ours.
  cmp -s "$here/contacts.c" "$folder/$flavour/ours/contacts.c" || make_modules $flavour
done
[ -e "$folder/raspi4b.dtb" ] || make_device_tree
[ -e "$folder/card.img" ] || make_card
