#!/usr/bin/env bash
# NetworkManager finds out that the network ends at a captive portal.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot <<'C'
[run]
settle = "0s"
C
cable '[connectivity]
uri=http://192.0.2.1:8080/check
response=NetworkManager is online
interval=1'
inside mkdir /www
router_says() { inside sh -c "echo '$1' >/www/check.part; mv /www/check.part /www/check"; }
router_says 'NetworkManager is online'
inside systemd-run --quiet --unit=www ip netns exec router \
  python3 -m http.server --bind 192.0.2.1 --directory /www 8080

hold sync --network connected
inside nmcli -w 10 connection up cable
starts sync "the check is answered"
router_says 'please log in'
stops sync constraint-network "a portal answers"
says sync "its connectivity is portal"
router_says 'NetworkManager is online'
starts sync "logged in"
inside systemctl stop www
stops sync constraint-network "nothing answers"
says sync "its connectivity is limited"
