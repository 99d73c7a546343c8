#!/usr/bin/env bash
# Every check before a commit: style, types, tests, and tests without the compiler for coverage.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "== ruff";  ruff check . && ruff format --check .
echo "== mypy";  mypy
echo "== generated tables"; python scripts/tables.py --check
echo "== tests"; python -m pytest -q "$@"
echo "== slow tests"; python -m pytest -q -m slow "$@"
echo "== tests with the JIT off, for coverage"
NUMBA_DISABLE_JIT=1 python -m pytest -q --cov=minimalbp --cov=kernels --cov-report=term:skip-covered \
    --cov-fail-under=95 "$@"
