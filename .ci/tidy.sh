#!/usr/bin/env bash
# clang-tidy over the C++ files that differ from REV (default: the first commit's parent, that is all of them).
#   .ci/tidy.sh [REV]     needs build/dev configured: cmake --preset dev
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -gt 0 ]; then
    mapfile -t files < <(git diff --name-only --diff-filter=d "$1" -- 'common/*.cpp' 'daemon/*.cpp' 'tools/*.cpp')
else
    mapfile -t files < <(git ls-files -- 'common/*.cpp' 'daemon/*.cpp' 'tools/*.cpp')
fi
[ ${#files[@]} -gt 0 ] || exit 0
printf '%s\n' "${files[@]}" | xargs -P 2 -n 1 clang-tidy-19 -p build/dev --quiet
