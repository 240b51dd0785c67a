# Sourced by tools/quickstart and tools/check: what this machine must have, and the build. Talks on stderr only.
# Everything may be run again: what is there is left alone.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release

build_packages=(
    ca-certificates ccache cmake g++ git make mold ninja-build npm pkg-config protobuf-compiler python3
    libboost-json1.81-dev libboost-log1.81-dev libboost-program-options1.81-dev libboost-test1.81-dev
    libboost-url1.81-dev libprotobuf-dev libsodium-dev
    libsqlite3-dev libssl-dev libsystemd-dev libzstd-dev prometheus-cpp-dev
)
# What the tests use on top: a browser, an independent WebSocket client, the formatter, the coroutine lint, and what makes
# and judges the Debian package.
check_packages=(
    chromium clang-format-19 clang-tools-19 jq procps python3-websockets
    binutils dpkg-dev file lintian systemd
)
# For the machines that `tools/check --long` boots.
boot_packages=(iproute2 mmdebstrap openssh-client systemd-container util-linux)

# One cache serves every checkout on a machine, wherever it lies.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "cannot install packages: run this as root or install sudo"
        return 1
    fi
}

# install PACKAGE...: those that are missing, without questions.
install() {
    local missing=() package
    for package in "$@"; do
        # A command that is already here (npm from elsewhere, say) need not come from Debian.
        [ "$package" = npm ] && command -v npm >/dev/null && continue
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    local log
    log=$(mktemp)
    if ! { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 30 "$log" >&2
        say "could not install the packages named above; the full log is $log"
        return 1
    fi
    rm -f "$log"
}

# The steps that ninja counts in the log, redrawn on a terminal for as long as this shell lives.
show_steps() {
    local step
    while kill -0 $$ 2>/dev/null; do
        step=$(grep -o '^\[[0-9]*/[0-9]*\]' "$1" 2>/dev/null | tail -n 1 || true)
        [ -z "$step" ] || printf '\r%s ' "$step" >&2
        sleep 1
    done
}

# quietly TITLE COMMAND...: says the title and where the output goes; shows it only when the command fails.
quietly() {
    local title=$1 log shown='' failed=0
    shift
    log=$(mktemp)
    say "$title (output: $log)"
    if [ -t 2 ]; then
        show_steps "$log" &
        shown=$!
    fi
    "$@" >"$log" 2>&1 </dev/null || failed=1
    if [ -n "$shown" ]; then
        kill "$shown" 2>/dev/null || true
        wait "$shown" 2>/dev/null || true
        printf '\r\033[K' >&2
    fi
    if [ "$failed" = 1 ]; then
        tail -n 60 "$log" >&2
        say "failed: $* (full log: $log)"
        return 1
    fi
    rm -f "$log"
}

# The web client, when its sources or locked packages have changed since the last build.
build_web() {
    local stamp=$root/web/dist/.stamp now
    now=$(cd "$root/web" && find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return 0
    local lock
    lock=$(sha256sum <"$root/web/package-lock.json")
    if [ ! -f "$root/web/node_modules/.stamp" ] || [ "$(cat "$root/web/node_modules/.stamp")" != "$lock" ]; then
        # Not `npm ci`: npm 11 takes a lock file without download addresses for incomplete where packages for other
        # systems are left out. This installs the locked versions and leaves the lock file alone.
        quietly "installing the web client's packages" npm --prefix "$root/web" install --no-save --no-audit --no-fund || return 1
        printf '%s' "$lock" >"$root/web/node_modules/.stamp"
    fi
    quietly "building the web client" npm --prefix "$root/web" run build || return 1
    printf '%s' "$now" >"$stamp"
}

# configure PRESET
configure() {
    [ -f "$root/build/$1/build.ninja" ] || (cd "$root" && quietly "configuring ($1)" cmake --preset "$1")
}

# build_targets PRESET TARGET...: says so where there is something to build.
build_targets() {
    local preset=$1
    shift
    local first=''
    [ -d "$root/build/$preset/bin" ] || first='; the first time takes some minutes'
    configure "$preset" || return 1
    # A look first, so that a second run says nothing. build.ninja by its whole path is none of the files that it makes:
    # otherwise ninja, which is not to do anything, would look no further than that it may have to be made anew.
    local at=$root/build/$preset
    if ninja -C "$at" build.ninja >/dev/null 2>&1 </dev/null &&
        ninja -C "$at" -f "$at/build.ninja" -n "$@" 2>/dev/null | grep -q 'no work to do'; then return 0; fi
    quietly "building $* ($preset)$first" ninja -C "$at" "$@"
}

# The Debian package of what is built, as the only one in build/package.
make_package() {
    rm -f "$root"/build/package/chaind_*.deb
    (cd "$root" && cpack --config build/release/CPackConfig.cmake -B build/package)
}
