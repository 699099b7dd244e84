#!/bin/busybox sh
# First program of the test machine: the host's root, seen through a throw-away overlay, becomes /.
# The kernel's command line names the mode (plain, or systemd as process 1) and the script to run as root; where
# the root is another Debian's, also the disk with it and which of the host's folders are seen in it; and the disk that
# keeps what is written, where the next machine is to find it.
b=/bin/busybox
parameter() { $b sed -n "s/.*vm\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
layers=0
overlay() { # folder, where it is seen
  layers=$((layers + 1))
  layer=/up/$layers
  $b mkdir -p "$layer/upper" "$layer/work" "$2"
  $b mount -t overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" overlay "$2"
}

$b mkdir -p /proc /host /up /root
$b mount -t proc proc /proc
script=$(parameter script)
mode=$(parameter mode)
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose host /host
$b mkdir -p /dev
$b mount -t devtmpfs dev /dev
kept=$(parameter kept)
if [ -n "$kept" ]; then $b mount -t ext4 "$kept" /up; else $b mount -t tmpfs -o size=75% tmpfs /up; fi
is_first_boot=$([ -e /up/1 ] || echo yes)
disk=$(parameter root)
if [ -n "$disk" ]; then
  $b mkdir -p /disk
  $b mount -t ext4 -o ro "$disk" /disk
  overlay /disk /root
  for share in $(parameter shares | $b tr : ' '); do overlay "/host$share" "/root$share"; done
else
  overlay /host /root
fi
$b umount /dev
$b mkdir -p /root/proc /root/sys /root/dev /root/run /root/etc/systemd/system /root/etc/tmpfiles.d
$b echo vm-start

if [ "$mode" = systemd ]; then
  units=/root/etc/systemd/system
  [ -z "$is_first_boot" ] || $b rm -rf $units/*.wants $units/*.requires /root/etc/fstab
  $b mkdir -p $units/multi-user.target.wants
  $b cat >$units/vm-script.service <<UNIT
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash $script
StandardOutput=journal+console
StandardError=journal+console
ExecStopPost=/bin/bash -c 'echo vm-exit-status \$EXIT_STATUS >/dev/console; systemctl poweroff -ff'
UNIT
  $b ln -sf ../vm-script.service $units/multi-user.target.wants/
  for unit in systemd-firstboot systemd-timesyncd getty@tty1 serial-getty@ttyS0 console-getty; do
    $b ln -sf /dev/null $units/$unit.service
  done
  for file in tmp x11 legacy; do $b ln -sf /dev/null /root/etc/tmpfiles.d/$file.conf; done
  $b umount /proc
  exec $b switch_root /root /lib/systemd/systemd --show-status=false
fi

$b mount -t proc proc /root/proc
$b mount -t sysfs sysfs /root/sys
$b mount -t devtmpfs dev /root/dev
$b mount -t configfs configfs /root/sys/kernel/config
$b mount -t tmpfs tmpfs /root/run
$b ifconfig lo 127.0.0.1 up
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root $b chroot /root /bin/bash "$script"
$b echo "vm-exit-status $?"
$b poweroff -f
