# Run in an emulated machine under its systemd: the Debian package from installation to purge, with the chips of the machine.
. test/vm/guest/station.sh
up() { echo "UP $1 $(cut -d' ' -f1 /proc/uptime) s"; }
gpiodetect
up ready

check installed dpkg --force-confold -i /vm/files/weather-gateway.deb || exit 1
check active is_property ActiveState active
check values arrives 120 '"temperature":25.1,"humidity":55,"winddirection":90.*"pressure":1006.5'
up values
tip 4
check gpiomon arrives 30 '"windintensity":[1-9]'
# No NTP reaches the machine, and it says so.
check doctor bash -c "! weather-gateway doctor | grep FAIL | grep -v clock"
grep -E 'VmRSS|VmHWM' "/proc/$(property MainPID)/status" | sed 's/^/MEMORY /'
air 0x65 0x5a 0xc0 0x7f 0x32 0x80
check changed-values arrives 30 '"temperature":25.4'

# A chip that does not answer, as the controller of the machine says it
configure -e 's/address: 0x76/address: 0x77/'
systemctl restart $unit
check absent-chip arrives 60 '"temperature":null.*"winddirection":90'

# The output of a pre-alert, on and then free after kill -9
configure -e '/^preAlerts:/,$d'
cat >>$etc/gateway.yaml <<'YAML'
preAlerts:
  - { id: warm, kind: limit, quantity: temperature, direction: above, warning: 20, hysteresis: 1, onDelaySeconds: 0, output: { gpio: 17, activeLow: false } }
YAML
held() { gpioinfo -c gpiochip0 17 | grep -q 'output.*consumer='; }
systemctl restart $unit
check output-on wait_for 60 held
if [ "$BOARD" != virt ]; then
  check output-in-registers grep -q '^17 function=1 .*set=1' /sys/kernel/contacts/state
fi
systemctl kill -s KILL --kill-who=main $unit
released() { ! held; }
check output-free-after-kill wait_for 20 released
check output-on-again wait_for 90 held

# The other backend
configure -e 's/gpioBackend: auto/gpioBackend: onoff/'
check starts-with-onoff systemctl restart $unit
check onoff-counts arrives 120 '"windintensity":[1-9]'
tip 3
arrives 10 reading
systemctl stop $unit
nap 1

check removes dpkg -r weather-gateway
check keeps-data test -e $data/store -a -e $etc/device.key -a -e $etc/gateway.yaml
check purges dpkg -P weather-gateway
check removes-data bash -c "! ls -d $data && ! ls -d $etc && ! systemctl cat $unit"
print_results
