# What the scripts share: the packages wm needs, and its build. Sourced, from the repository's top.
# shellcheck shell=bash

# All from Debian 12. Boost by its version: the unversioned package is 1.74, which has no JSON library.
# shellcheck disable=SC2034  # Read by the scripts that source this.
build_packages=(
  cmake ninja-build g++ pkg-config dbus-daemon
  libboost1.81-dev libboost-json1.81-dev libcli11-dev libfmt-dev libgmock-dev libgtest-dev
  libhowardhinnant-date-dev libmnl-dev
  libspdlog-dev libsqlite3-dev libsqlitecpp-dev libsystemd-dev libtomlplusplus-dev
  scdoc
)

# The root of the machine that tests/services boots; scripts/test-machine makes it.
# shellcheck disable=SC2034
test_machine=${WM_TEST_MACHINE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/wm/test-machine}

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Installs those of the packages that are missing; quick when none is.
require_packages() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  echo "Installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Configures and builds a preset of CMakePresets.json.
build() {
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1"
}
