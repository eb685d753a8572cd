# A PostgreSQL for a demonstration or a test: start_postgresql DIRECTORY makes a server in that new directory
# and starts it, with its socket there and no other way in, for the caller and for roles with passwords;
# stop_postgresql DIRECTORY ends it. Everybody must be able to pass through to the directory. Source this file.
# shellcheck shell=bash

# The server refuses to run as root.
as_postgresql() {
  if ((EUID != 0)); then
    "$@"
  elif id postgres >/dev/null 2>&1; then
    runuser -u postgres -- "$@"
  else
    runuser -u nobody -- "$@"
  fi
}

postgresql_programs() {
  local programs
  programs=$(printf '%s\n' /usr/lib/postgresql/*/bin/pg_ctl | sort --version-sort | tail -1)
  [[ -x $programs ]] && dirname "$programs"
}

start_postgresql() {
  local directory=$1 programs
  programs=$(postgresql_programs) || {
    echo "there is no server of PostgreSQL: apt install postgresql" >&2
    return 1
  }
  mkdir -m 755 "$directory"
  ((EUID != 0)) || chown "$(as_postgresql id --user)" "$directory"
  (
    cd "$directory" &&
      as_postgresql "$programs/initdb" --pgdata=data --no-sync --username="$(id -un)" --auth=peer \
        --encoding=UTF8 --locale=C >/dev/null &&
      printf '%s\n' "local all $(id -un) peer" "local all all scram-sha-256" |
      as_postgresql tee data/pg_hba.conf >/dev/null &&
      as_postgresql "$programs/pg_ctl" --pgdata=data --log=server.log --wait \
        --options="-c listen_addresses= -c unix_socket_directories='$directory' -c fsync=off" start >/dev/null
  )
}

stop_postgresql() {
  [[ ! -f $1/data/postmaster.pid ]] || (
    cd "$1" && as_postgresql "$(postgresql_programs)/pg_ctl" --pgdata=data --mode=immediate --silent stop
  )
}
