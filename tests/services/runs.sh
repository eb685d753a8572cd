#!/usr/bin/env bash
# Runs in control groups that a real systemd has delegated, and without delegation.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot </dev/null

# escapes NAME OPTIONS…: the run leaves a process behind that keeps no trace of its run.
escapes() {
  inside rm -f /tmp/escaped
  wm register-oneoff "$@" -- /bin/sh -c '
    (setsid env -i /bin/sh -c "trap \"\" TERM; echo \$\$ >/tmp/escaped; sleep 1000" &) &
    until [ -s /tmp/escaped ]; do sleep 0.01; done; cat /proc/self/cgroup'
  wm wait "$1" --timeout 15s >/dev/null || fail "$1 does not succeed" wm show "$1"
  wm show "$1" | has "processes that it left running were ended" || fail "nothing was left" wm show "$1"
  ! inside kill -0 "$(inside cat /tmp/escaped)" 2>/dev/null || fail "it lives" inside ps -ef
}

escapes handed-over --as ann
wm logs handed-over | has '^0::/system.slice/wmd.service/wm-' ||
  fail "it has no group of its own" wm logs handed-over
echo "ok: what escapes is ended, with delegated groups"

wm register-oneoff prints -- /bin/sh -c 'echo "a line"; echo "an error" >&2; seq 5000; printf end'
wm wait prints >/dev/null
journal() { inside journalctl WM_UNIQUE_NAME=prints WM_RUN=1 --output=cat --no-pager "$@"; }
eventually sh -c 'journalctl WM_UNIQUE_NAME=prints --output=cat | grep --quiet "more lines were left out"'
journal | has --line-regexp "a line" || fail "a line is missing" journal
[[ $(journal --priority=warning) == "an error" ]] || fail "the error is no warning" journal
[[ $(journal | wc --lines) == 502 ]] || fail "the journal has so many lines: $(journal | wc -l)" true
[[ $(wm logs prints | wc --lines) == 5001 ]] || fail "the log is not whole" wm logs prints
echo "ok: what a run prints is in the journal, too, up to a bound"

hold goes-on --as ann
starts goes-on "and another program takes over"
before=$(inside systemctl show wmd --property=MainPID)
wm daemon reexec
[[ $(inside systemctl show wmd --property=MainPID,ActiveState) == "$before"$'\n'"ActiveState=active" ]] ||
  fail "the service is another" inside systemctl status wmd
wm show goes-on | has "^state *running" || fail "it does not go on" wm show goes-on
escapes after-that --as ann
wm cancel goes-on
wm wait goes-on >/dev/null || true
! inside pgrep sleep || fail "something is left" inside ps -ef
echo "ok: runs and their groups go on under another program"

inside systemctl stop wmd
inside test ! -e /sys/fs/cgroup/unified/system.slice/wmd.service
echo "ok: no group is left"
delegate=no start_wmd
escapes kept-back --as ann
wm logs kept-back | has '^0::/system.slice/wmd.service$' ||
  fail "it has a group of its own" wm logs kept-back
echo "ok: what escapes is ended, without any"
