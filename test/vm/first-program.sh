# Sourced by the first programs of the emulated machines, init.sh here and in test/arm, as /first-program.sh.
# shellcheck shell=sh
b=/bin/busybox

# Of the kernel's command line: vm.NAME=VALUE.
parameter() { $b sed -n "s/.*vm\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

layers=0
# Below /up, which must be there: what is written to the folder is thrown away with it.
overlay() { # folder, where it is seen
  layers=$((layers + 1))
  layer=/up/$layers
  $b mkdir -p "$layer/upper" "$layer/work" "$2"
  $b mount -t overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" overlay "$2"
}

# Runs a script in /root and ends the machine; QEMU ends where the machine would be started again.
run_plainly() { # script
  $b mount -t proc proc /root/proc
  $b mount -t sysfs sysfs /root/sys
  $b mount -t devtmpfs dev /root/dev
  $b mkdir -p /root/dev/pts
  $b mount -t devpts devpts /root/dev/pts
  $b mount -t configfs configfs /root/sys/kernel/config
  $b mount -t tmpfs tmpfs /root/run
  $b ifconfig lo 127.0.0.1 up
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root $b chroot /root /bin/bash "$1"
  $b echo "vm-exit-status $?"
  $b reboot -f
}

# The same as a unit of the systemd of /root, which becomes process 1. Nothing else is started by it.
run_under_systemd() { # script, whether the machine was never booted before
  units=/root/etc/systemd/system
  [ -z "$2" ] || $b rm -rf $units/*.wants $units/*.requires /root/etc/fstab
  $b mkdir -p $units/multi-user.target.wants /root/etc/tmpfiles.d
  $b cat >$units/vm-script.service <<UNIT
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash $1
StandardOutput=journal+console
StandardError=journal+console
ExecStopPost=/bin/bash -c 'echo vm-exit-status \$EXIT_STATUS >/dev/console; systemctl reboot -ff'
UNIT
  $b ln -sf ../vm-script.service $units/multi-user.target.wants/
  for unit in systemd-firstboot systemd-timesyncd getty@tty1 serial-getty@ttyS0 serial-getty@ttyAMA0 console-getty; do
    $b ln -sf /dev/null $units/$unit.service
  done
  for file in tmp x11 legacy; do $b ln -sf /dev/null /root/etc/tmpfiles.d/$file.conf; done
  exec $b switch_root /root /lib/systemd/systemd --show-status=false
}
