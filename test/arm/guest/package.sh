# Run in an emulated machine under its systemd: the Debian package from the first minutes to the purge, with simulated chips.
. test/vm/guest/checks.sh
. test/arm/guest/package-checks.sh
gpiodetect
up ready
. test/arm/guest/first-minutes.sh

check values arrives 120 '"temperature":25.1,"humidity":55,"winddirection":90.*"pressure":1006.5'
up values
tip 4
check gpiomon arrives 30 '"windintensity":[1-9]'
look all-right
check doctor doctor_is_well
memory
air 0x65 0x5a 0xc0 0x7f 0x32 0x80
check changed-values arrives 30 '"temperature":25.4'

warns_on_an_output
loses_the_output_when_killed
counts_with_onoff
systemctl stop $unit
nap 1

check removes dpkg -r weather-gateway
check keeps-data test -e $data/store -a -e $etc/device.key -a -e $etc/gateway.yaml
check purges dpkg -P weather-gateway
check removes-data bash -c "! ls -d $data && ! ls -d $etc && ! systemctl cat $unit"
print_results
