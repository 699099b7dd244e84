# Run in the test machine under its systemd: good and bad releases for an installed station, by `weather-gateway update FILE`.
. test/vm/guest/station.sh
. test/vm/guest/updates.sh

check installed systemd/install.sh --release /run/disk/release || exit 1
check values arrives 120 '"windintensity":[1-9]'
tip 2

check older answers 0.1.0 '^0.1.0: REJECTED, it is older than'
cp "$FOLDER"/update-9.1.0.* /run/
echo more >>/run/update-9.1.0.tar.gz
changed() { # as 9.1.0, but for its archive
  local FOLDER=/run
  answers 9.1.0 '^9.1.0: FAILED, the archive has another size'
}
check changed changed
refuses() { # name, state and reason
  check "refuses-$1" answers "$1" "^(9.6.0|release): $2"
}
refuses cut-short 'FAILED, the archive has another size'
refuses other-hash 'FAILED, the archive has another hash'
refuses other-key 'REJECTED, the signature is not one of an allowed signer'
refuses other-namespace 'REJECTED, the signature is not one of an allowed signer'
refuses other-processor 'REJECTED, it is for linux-riscv64'
for odd in leads-out link setuid; do refuses $odd 'REJECTED, the archive holds links, devices, setuid files or names'; done
check nothing-is-left [ "$(releases)" = 1 ]
check not-restarted is_property NRestarts 0

check good answers 9.1.0 '^9.1.0: SUCCEEDED$'
check runs-good runs 9.1.0
check judge-rests bash -c '! systemctl is-active weather-gateway-update.timer'
tip 2

goes_back() { # name, version, reason
  check "$1" answers "$2" "^$2: FAILED, $3"
  check "$1-goes-back" runs 9.1.0
  check "$1-leaves-nothing" [ "$(releases)" = 1 ]
  check "values-after-$1" arrives 120 '"windintensity":[1-9]'
  tip 1
}
goes_back does-not-start 9.2.0 'the new release does not start'
goes_back cannot-connect 9.3.0 'it did not sample, store and have a PUBACK within'
goes_back crashes 9.4.0 'the service was restarted . times'

check values-at-last arrives 10 reading
print_results
