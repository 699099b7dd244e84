#!/bin/busybox sh
# First program of the machine: loads the modules it was given, puts a throw-away overlay over the card, and runs
# /vm/script.sh there as a unit under systemd as process 1.
b=/bin/busybox
$b mkdir -p /proc /sys /dev /disk /up /root
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /lib/modules/order); do $b insmod "/lib/modules/$module" || $b echo "no $module"; done
disk=$($b sed -n 's/.*vm\.root=\([^ ]*\).*/\1/p' /proc/cmdline)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do [ -b "$disk" ] && break; $b sleep 1; done
$b mount -t ext4 -o ro,noload "$disk" /disk || $b poweroff -f
$b mount -t tmpfs -o size=75% tmpfs /up
$b mkdir -p /up/upper /up/work
$b mount -t overlay -o lowerdir=/disk,upperdir=/up/upper,workdir=/up/work overlay /root
$b mkdir -p /root/vm
$b cp -r /vm/. /root/vm/
$b echo vm-start

units=/root/etc/systemd/system
$b rm -rf $units/*.wants $units/*.requires /root/etc/fstab
$b mkdir -p $units/multi-user.target.wants
$b cat >$units/vm-script.service <<UNIT
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash /vm/script.sh
StandardOutput=journal+console
StandardError=journal+console
ExecStopPost=/bin/bash -c 'echo vm-exit-status \$EXIT_STATUS >/dev/console; systemctl reboot -ff'
UNIT
$b ln -sf ../vm-script.service $units/multi-user.target.wants/
for unit in systemd-firstboot systemd-timesyncd getty@tty1 serial-getty@ttyAMA0 console-getty; do
  $b ln -sf /dev/null $units/$unit.service
done
for file in tmp x11 legacy; do $b ln -sf /dev/null /root/etc/tmpfiles.d/$file.conf; done
for each in proc sys dev; do $b umount /$each 2>/dev/null; done
exec $b switch_root /root /lib/systemd/systemd --show-status=false
