#!/bin/busybox sh
# First program of the machine: loads the modules it was given and runs /vm/script.sh on its card, under systemd as process 1 or
# without. What is written is thrown away, unless the kernel's command line says vm.card=kept.
. /first-program.sh
$b mkdir -p /proc /sys /dev /disk /up /root
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /lib/modules/order); do $b insmod "/lib/modules/$module" || $b echo "no $module"; done
disk=$(parameter root)
mode=$(parameter mode)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do [ -b "$disk" ] && break; $b sleep 1; done
if [ "$(parameter card)" = kept ]; then
  $b mount -t ext4 "$disk" /root || $b reboot -f
else
  $b mount -t ext4 -o ro,noload "$disk" /disk || $b reboot -f
  $b mount -t tmpfs -o size=75% tmpfs /up
  overlay /disk /root
fi
$b mkdir -p /root/vm
$b cp -r /vm/. /root/vm/
$b echo vm-start

for each in proc sys dev; do $b umount /$each 2>/dev/null; done
if [ "$mode" = systemd ]; then run_under_systemd /vm/script.sh yes; else run_plainly /vm/script.sh; fi
