#!/bin/sh
# Linters, types and import contracts: what can be said about the code without running it.
set -e
mkdir -p build
echo "ruff …"
ruff check -q .
ruff format -q --check .
echo "mypy …"
mypy --no-error-summary
echo "import contracts …"
lint-imports --no-cache > build/contracts.txt 2>&1 || { cat build/contracts.txt; exit 1; }
