# Run in an emulated machine under its systemd: what of the package depends on pages and drivers. On a board its own controllers
# are used, and the pulses of a storm are counted.
. test/vm/guest/checks.sh
. test/arm/guest/package-checks.sh
. test/vm/guest/station.sh
gpiodetect
up ready

check installed installs || exit 1
up installed
check active is_property ActiveState active
check values arrives 120 '"temperature":25.1,"humidity":55,"winddirection":90.*"pressure":1006.5'
up values
tip 4
check gpiomon arrives 30 '"windintensity":[1-9]'
if [ "$BOARD" != virt ]; then
  . test/arm/guest/bounces.sh
  check_bounces gpiomon
fi
check doctor doctor_is_well
memory

# A chip that does not answer, as the controller of the machine says it, and an output
warns_on_an_output -e 's/address: 0x48/address: 0x49/'
check absent-chip arrives 60 '"temperature":25.1.*"winddirection":null'
if [ "$BOARD" != virt ]; then
  check output-in-registers grep -q '^17 function=1 .*set=1' /sys/kernel/contacts/state
fi
loses_the_output_when_killed
if [ "$BOARD" = virt ]; then
  # The addon of onoff, which the board runs as a whole
  check loads-epoll node -e "require('module').createRequire('/usr/lib/weather-gateway/current/dist/main.js')('epoll')"
else
  counts_with_onoff
  check_bounces onoff
fi
arrives 10 reading
check stops systemctl stop $unit
nap 1
[ "$BOARD" = virt ] || . test/arm/guest/pulses.sh
print_results
