#!/bin/busybox sh
# First program of the test machine: the host's root, seen through a throw-away overlay, becomes /.
# The kernel's command line names the mode (plain, or systemd as process 1) and the script to run as root; where
# the root is another Debian's, also the disk with it and which of the host's folders are seen in it; and the disk that
# keeps what is written, where the next machine is to find it.
. /first-program.sh
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
$b mkdir -p /root/proc /root/sys /root/dev /root/run
$b echo vm-start

$b umount /proc
if [ "$mode" = systemd ]; then run_under_systemd "$script" "$is_first_boot"; else run_plainly "$script"; fi
