#!/usr/bin/env bash
# The Debian package wm-fleet on a machine with systemd, which is a node of a fleet: its database is outside,
# behind a socket. The package is installed, configured, restarted, upgraded, removed and purged.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"
# shellcheck source=scripts/postgresql.sh
. "$here/../../scripts/postgresql.sh"

postgresql_programs >/dev/null || skip "there is no server of PostgreSQL"
package=$(mktemp --directory)
chmod 711 "$package"
make_packages "$package"

options=(--bind="$package/database:/database")
leave() {
  halt || true
  stop_postgresql "$package/database" || true
  rm -rf "$package"
}
start_postgresql "$package/database"
trap leave EXIT
fleet() { "$build/fleet/wm-fleet" --database "host=$package/database dbname=postgres" "$@"; }
fleet init >/dev/null

boot_bare
trap leave EXIT
cp "$package"/wm_*.deb "$machine/root/root/wm.deb"
cp "$package"/wm-fleet_*.deb "$machine/root/root/wm-fleet.deb"
wm() { inside /usr/bin/wm "$@"; }
property() { inside systemctl show --value --property="$1" "${2-wm-fleet.service}"; }
install_it() { inside dpkg --install /root/wm-fleet.deb >"$package/install" 2>&1 || fail "it is not installed" cat "$package/install"; }

inside dpkg --install /root/wm.deb >"$package/install" 2>&1 || fail "wm is not installed" cat "$package/install"
files_there >"$package/before"
install_it
[[ $(property UnitFileState) == disabled ]] || fail "it is enabled without a configuration" true
inside systemctl start wm-fleet.service || fail "without a configuration it fails" true
[[ $(property ActiveState) == inactive ]] || fail "it runs without a configuration" true
inside systemd-analyze verify --man=no wm-fleet.service || fail "systemd finds fault with the unit" true
inside getent passwd wm-fleet >/dev/null || fail "there is no user wm-fleet" true
for file in man1/wm-fleet.1.gz man5/fleet.toml.5.gz; do
  inside test -s "/usr/share/man/$file" || fail "there is no $file" true
done
echo "ok: installed, and waits for a configuration"

fleet enroll n1 --connect "host=/database dbname=postgres" >"$machine/root/root/fleet.toml"
inside install --owner=wm-fleet --mode=600 /root/fleet.toml /etc/wm/fleet.toml
inside rm /root/fleet.toml
inside systemctl enable --quiet --now wm-fleet.service || fail "it does not start" inside systemctl status wm-fleet
eventually sh -c 'wm-fleet --json status | grep --quiet "\"database\":\"connected\",\"daemon\":\"connected\""'
fleet nodes | has '^n1 ' || fail "the fleet does not see the node" fleet nodes
inside runuser --user ann -- wm-fleet status >"$package/status" || fail "not everybody may ask for its status" true
grep --quiet "database connected" "$package/status" || fail "it says something else" cat "$package/status"
echo "ok: a node of the fleet"

fleet register-oneoff hello -- id --user --name >/dev/null
fleet wait hello --timeout 30s || fail "the work does not succeed" fleet why hello
[[ $(fleet logs hello) == wm-fleet ]] || fail "the work is another user's" fleet logs hello
# shellcheck disable=SC2016  # The run's shell expands it.
fleet register-oneoff every-node --each -- sh -c 'echo "$FLEET_NODE $PWD" && touch "$HOME/file"' >/dev/null
fleet wait every-node --timeout 30s || fail "the work does not succeed" fleet why every-node
[[ $(fleet logs every-node) == "n1 /var/lib/wm-fleet" ]] || fail "it runs elsewhere" fleet logs every-node
echo "ok: runs belong to wm-fleet, and are at home"

running() { inside pgrep --exact --uid wm-fleet sleep; }
fleet register-oneoff held -- sleep 1000 >/dev/null
eventually pgrep --exact --uid wm-fleet sleep
run=$(running)
goes_on_after() {
  local before
  before=$(property MainPID)
  "${@:2}"
  eventually sh -c "pid=\$(systemctl show --value --property=MainPID wm-fleet); [ \$pid != 0 ] && [ \$pid != $before ]"
  eventually sh -c 'wm-fleet --json status | grep --quiet "\"name\":\"held\".*\"state\":\"running\""'
  [[ $(running) == "$run" ]] || fail "the run did not go on ($1)" fleet history held
  echo "ok: $1, and the run goes on"
}
goes_on_after "the agent is restarted" inside systemctl restart wm-fleet.service
goes_on_after "the agent is killed" inside systemctl kill --kill-who=main --signal=KILL wm-fleet.service
goes_on_after "the package is upgraded" install_it
[[ $(property UnitFileState) == enabled ]] || fail "an upgrade disables it" true
inside systemctl stop wm-fleet.service
[[ $(inside wm-fleet status) == *"does not run; this is its last word"* ]] || fail "its last word is lost" true
inside systemctl start wm-fleet.service

inside mkdir --parents /run/systemd/system/wm-fleet.service.d
inside sh -c 'printf "[Service]\nUser=root\n" >/run/systemd/system/wm-fleet.service.d/user.conf'
inside sh -c 'chown root /etc/wm/fleet.toml && echo "run_as = \"ann\"" >>/etc/wm/fleet.toml'
inside systemctl daemon-reload
inside systemctl restart wm-fleet.service
fleet register-oneoff parted -- sh -c 'id --user --name; ! cat /etc/wm/fleet.toml' >/dev/null
fleet wait parted --timeout 30s || fail "a run is not parted from the agent" fleet why parted
[[ $(fleet logs parted 2>/dev/null) == ann ]] || fail "the work is another user's" fleet logs parted
inside rm /run/systemd/system/wm-fleet.service.d/user.conf
inside systemctl daemon-reload
echo "ok: an agent of root, as documented, whose runs are somebody else's"
echo "as installed: $(inside systemd-analyze security wm-fleet.service --no-pager | tail -1)"

inside dpkg --remove wm-fleet >"$package/remove" 2>&1 || fail "it is not removed" cat "$package/remove"
! inside pgrep --exact wm-fleet || fail "the agent runs on" inside ps -ef
inside test -e /etc/wm/fleet.toml || fail "a removed package keeps its configuration" true
wm --system --owner wm-fleet cancel --tag fleet >/dev/null || fail "nobody can end what is left" true
eventually sh -c '! pgrep --exact --uid wm-fleet sleep'
install_it
[[ $(property UnitFileState) == enabled ]] || fail "it is not enabled when it comes back" true
inside dpkg --purge wm-fleet >"$package/remove" 2>&1 || fail "it is not purged" cat "$package/remove"
wm status >/dev/null || fail "wm went, too" inside systemctl status wmd
files_there >"$package/after"
left=$(left_over "$package/before" "$package/after" | grep --invert-match -e '^/var/lib/wm/' -e '^/etc/[a-z]*-$' || true)
[[ -z $left ]] || fail "a purged package leaves: $left" true
! inside test -e /run/wm-fleet || fail "a purged package leaves its last word" true
echo "ok: removed, and nothing is left when it is purged"
