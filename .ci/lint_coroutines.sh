#!/usr/bin/env bash
# g++ 12 destroys a lambda or aggregate temporary of a co_await expression twice (docs/hacking.md). Finds every such
# line of our own. Needs a build folder with compile_commands.json: .ci/lint_coroutines.sh build/release
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
query=.ci/gcc12-coawait-lint.query
mapfile -t files < <(git grep -lE '\bco_await\b' -- '*.cpp')
[ ${#files[@]} -gt 0 ] || exit 0
found=$(printf '%s\n' "${files[@]}" | xargs -P 2 -n 4 clang-query-14 -p "$folder" -f "$query" --extra-arg=-fcoroutines-ts \
    --extra-arg=-Wno-everything 2>/dev/null | grep -E '^/.*(common|daemon|tools|test)/[^:]*:[0-9]+:[0-9]+: note: "root" binds here' |
    grep -v '/usr/include' || true)
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    echo "a lambda or aggregate temporary in a co_await expression: name it first, then std::move it in"
    exit 1
fi
