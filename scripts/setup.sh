#!/usr/bin/env bash
# Makes this checkout ready to run; with --test, ready to test as well. Does nothing where all is there.
# Needs bash and npm. Bun is the version that package.json names; where it cannot be, or should not be,
# installed for the whole machine, it goes to .tools/ in this folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

TOOLS_BIN="$PWD/.tools/bin"
export PATH="$TOOLS_BIN:$PATH"

say() { echo "setup: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

bun_version=$(sed -n 's/.*"packageManager": *"bun@\([0-9][^"+]*\).*/\1/p' package.json)
[ -n "$bun_version" ] || fail "package.json does not name Bun's version in packageManager."

has_pinned_bun() { [ "$(bun --version 2>/dev/null)" = "$bun_version" ]; }

# Usage: install_bun PREFIX, or install_bun for npm's global prefix. The package holds a placeholder until its
# install script has run, which newer versions of npm leave out: so it is always run here.
install_bun() {
  npm install --global ${1:+--prefix "$1"} --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --no-progress --loglevel=error "bun@$bun_version" >&2 || return 1
  local modules
  modules=$(npm root --global ${1:+--prefix "$1"} 2>/dev/null)
  (cd "$modules/bun" && node install.js) >&2 || return 1
  hash -r
  has_pinned_bun
}

# A Bun of another version is somebody's choice: it stays, and this checkout gets its own.
ensure_bun() {
  has_pinned_bun && return
  command -v npm >/dev/null || fail "Bun $bun_version is missing, and npm to install it. Install Node.js with npm."
  if ! command -v bun >/dev/null && [ -w "$(npm root --global 2>/dev/null)" ]; then
    say "installing Bun $bun_version with npm"
    install_bun && return
  fi
  say "installing Bun $bun_version into .tools/"
  install_bun "$PWD/.tools" && return
  fail "Bun $bun_version could not be installed. Install it yourself: npm install --global bun@$bun_version"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

apt_install() {
  say "installing $* with apt-get"
  command -v apt-get >/dev/null || return 1
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  as_root "${apt[@]}" update >&2 && as_root "${apt[@]}" install -y --no-install-recommends "$@" >&2
}

has_any() {
  local name
  for name in "$@"; do
    command -v "$name" >/dev/null && return 0
  done
  return 1
}

# The system's own counts too: its packages are not those of another Python that stands before it on PATH.
has_python_websockets() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c "import websockets" 2>/dev/null && return 0
  done
  return 1
}

ensure_test_programs() {
  local missing=()
  has_python_websockets || missing+=(python3-websockets)
  has_any curl || missing+=(curl)
  has_any jq || missing+=(jq)
  has_any redis-server || missing+=(redis-server)
  has_any chromium chromium-browser google-chrome google-chrome-stable || missing+=(chromium)
  [ ${#missing[@]} -eq 0 ] && return
  apt_install "${missing[@]}" || fail "the tests need ${missing[*]}. Install: apt-get install ${missing[*]}"
}

ensure_bun
bun install --frozen-lockfile --silent || fail "the packages of bun.lock could not be installed (see above)."
if [ "${1:-}" = "--test" ]; then ensure_test_programs; fi
