# Sourced by test/vm/guest/station.sh in place of test/vm/hardware.sh: the simulated chips on `virt`, whose kernel has them as
# modules; on a board its own I2C controller and GPIO block.
if [ "$BOARD" = virt ]; then
  busybox insmod "$VM_KERNEL/gpio-sim.ko"
  . test/vm/hardware.sh
else
  # QEMU's board starts anew as soon as its watchdog is armed, which the package does.
  mkdir -p /etc/systemd/system.conf.d
  printf '[Manager]\nRuntimeWatchdogSec=0\n' >/etc/systemd/system.conf.d/90-machine.conf
  busybox insmod "$VM_KERNEL/contacts.ko" registers=0x3e000000
  bus=1
  pull() { # line, up|down
    echo "$1 $([ "$2" = up ] && echo 1 || echo 0)" >/sys/kernel/contacts/level
  }
fi
