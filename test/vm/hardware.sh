# Sourced in the test machine: an I2C bus with static registers at 0x76 and 0x48 as /dev/i2c-0, and a GPIO chip
# labelled as a Raspberry Pi 4's, with the sysfs base that Raspberry Pi OS gives it.
busybox insmod "$VM_KERNEL/i2c-stub.ko" chip_addr=0x76,0x48
header=/sys/kernel/config/gpio-sim/header
mkdir -p $header/bank0
echo 54 >$header/bank0/num_lines
echo pinctrl-bcm2711 >$header/bank0/label
echo 1 >$header/live
bus=0
pull() { # line, up|down
  echo "pull-$2" >/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio"$1"/pull
}
# The pull-ups of the board: nothing is closed.
pull_up() {
  local line
  for line in 5 6 13 16 19 26; do pull $line up; done
}
pull_up
