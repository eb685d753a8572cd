#!/usr/bin/env bash
# Jobs for a machine that nobody uses, with sessions of a real logind.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot <<'C'
[run]
settle = "0s"
[idle]
after = "1s"
max_load = 1000
C
manager=(org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager)
hint() {
  inside busctl call org.freedesktop.login1 "$session" org.freedesktop.login1.Session SetIdleHint b "$1"
}

hold index --idle
starts index "nobody is logged in"
inside systemd-run --quiet --unit=desktop --property=PAMName=login --property=User=ann \
  --setenv=XDG_SESSION_TYPE=x11 --setenv=XDG_SESSION_CLASS=user sleep infinity
stops index constraint-idle "somebody has logged in"
says index "a session is in use"
id=$(inside loginctl list-sessions --no-legend --no-pager | awk '{ print $1; exit }')
session=$(inside busctl call "${manager[@]}" GetSession s "$id" | sed 's/^o "//; s/"$//')
hint true
starts index "the session is idle"
hint false
stops index constraint-idle "the session is in use"
hint true
starts index "the session is idle again"
inside systemctl restart systemd-logind
stops index constraint-idle "a new logind has been told of no idleness"
hint true
starts index "it has been told"
inside sh -c 'mkdir -p /dev/input && mkfifo /dev/input/event0'
runs=$(wm history index | grep --count '^index ')
inside systemctl mask --runtime --now --quiet systemd-logind
goes_on index "$runs" "there is no logind"
inside systemctl stop desktop
goes_on index "$runs" "the session is over"
inside sh -c 'echo key >/dev/input/event0'
stops index constraint-idle "somebody has pressed a key"
starts index "and nothing since"
