#!/usr/bin/env bash
# g++ 12 destroys a lambda or aggregate temporary of a co_await expression twice (docs/hacking.md). Finds every such
# line of our own. Needs a build folder that knows each file alone: cmake --preset dev; .ci/lint_coroutines.sh build/dev
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
mapfile -t files < <(git grep -lE '\bco_await\b' -- '*.cpp')
[ ${#files[@]} -gt 0 ] || { echo "no coroutines found: is this the right folder?"; exit 1; }
said=$(printf '%s\n' "${files[@]}" |
    xargs -P 2 -n 1 clang-query-19 -p "$folder" -f .ci/gcc12-coawait-lint.query --extra-arg=-Wno-everything 2>&1 || true)
if [ "$(grep -cE '^[0-9]+ match(es)?\.$' <<<"$said")" != ${#files[@]} ] || grep -q ': error:\|: fatal error:' <<<"$said"; then
    grep -E 'error:' <<<"$said" | head -20
    echo "clang-query could not read every file"
    exit 1
fi
if grep '"root" binds here' <<<"$said"; then
    echo "such a temporary in a co_await expression: name it first, then std::move it in"
    exit 1
fi
echo "${#files[@]} files with coroutines are clean"
