#!/usr/bin/env bash
# Jobs that need the network, on a machine with a real NetworkManager.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot <<'C'
[run]
settle = "0s"
C
cable ''

metered() {
  inside nmcli connection modify cable connection.metered "$1"
  inside nmcli -w 10 device reapply eth0
}
source_is() { eventually sh -c "wm conditions | grep -q '^network .*$1'"; }

hold sync --network unmetered
says sync "no usable default route"
inside nmcli -w 10 connection up cable
starts sync "connected"
metered yes
stops sync constraint-network "metered"
says sync "NetworkManager"
metered no
starts sync "not metered any more"

runs=$(wm history sync | grep --count '^sync ')
for how in "restart NetworkManager" "kill --signal=KILL NetworkManager" "stop NetworkManager"; do
  # shellcheck disable=SC2086  # Words.
  inside systemctl $how
  goes_on sync "$runs" "$how"
done
source_is rtnetlink
inside systemctl start NetworkManager
source_is NetworkManager
goes_on sync "$runs" "NetworkManager is back"

inside ip -n router link set port down
stops sync constraint-network "the cable is out"
inside ip -n router link set port up
inside nmcli -w 10 connection up cable
starts sync "the cable is in"
inside nmcli networking off
stops sync constraint-network "networking is off"
inside nmcli networking on
inside nmcli -w 10 connection up cable
starts sync "networking is on"

# Without the bus only the kernel is left.
inside systemctl stop NetworkManager dbus.socket dbus.service
inside pkill --signal KILL dbus-daemon || true
inside ip -n router link set port down
stops sync constraint-network "the cable is out, and the bus is gone"
inside ip -n router link set port up
starts sync "the cable is in, and the bus is gone"
