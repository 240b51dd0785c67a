#!/usr/bin/env bash
# Says which C++ files clang-format would change, and fails then. With --fix, changes them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)
git ls-files -z -- '*.cpp' '*.hpp' | xargs -0 clang-format-19 "${mode[@]}"
