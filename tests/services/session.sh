#!/usr/bin/env bash
# Runs find their user's session, as that user's systemd has it, and nobody else's.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot </dev/null
by_service loginctl enable-linger ann
# An older test machine may have no bus for its users.
inside test -e /usr/lib/systemd/user/dbus.socket || skip "the machine has no bus for users: make it anew"
eventually test -S /run/user/1000/bus
inside useradd --create-home bob

# sees VARIABLE WANTED [OPTION…]: a run of the system's daemon finds that value.
sees() {
  wm register-oneoff "look-$((++looks))" "${@:3}" -- /usr/bin/env
  wm wait "look-$looks" --timeout 15s >/dev/null || fail "it does not succeed" wm show "look-$looks"
  [[ $(wm logs "look-$looks" | grep "^$1=") == "${2:+$1=$2}" ]] || fail "it sees another $1" wm logs "look-$looks"
}
looks=0
sees XDG_RUNTIME_DIR /run/user/1000 --as ann
sees DBUS_SESSION_BUS_ADDRESS unix:path=/run/user/1000/bus --as ann
sees XDG_RUNTIME_DIR '' --as bob
sees DBUS_SESSION_BUS_ADDRESS '' --as bob
echo "ok: work of the system finds the bus of its user, who has one, and no other"

ann() {
  inside runuser --user ann -- env XDG_RUNTIME_DIR=/run/user/1000 \
    DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@"
}
ann systemd-run --user --quiet --unit=wmd --property=Type=notify /wm/daemon/wmd --user
wm() { ann wm --user "$@"; }
sees XDG_RUNTIME_DIR /run/user/1000
sees DISPLAY ''
ann systemctl --user set-environment DISPLAY=:7 SSH_AUTH_SOCK=/the/agent SECRET=1
sees DISPLAY :7
sees SSH_AUTH_SOCK /the/agent
sees SECRET ''
sees DISPLAY :9 --env DISPLAY=:9
ann systemctl --user unset-environment DISPLAY
sees DISPLAY ''
echo "ok: work of a user finds the session as systemd has it then"

wm register-oneoff calls -- /usr/bin/busctl --user status
wm wait calls --timeout 15s >/dev/null || fail "a run cannot call the bus" wm logs calls
echo "ok: a run reaches the bus"
