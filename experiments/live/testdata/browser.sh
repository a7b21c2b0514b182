#!/usr/bin/env bash
# Uses the pages of dcae serve in headless Chromium, as a person would, and takes pictures of them, to be looked at.
#
#   experiments/live/testdata/browser.sh [FOLDER]
#
# RUN=stories (lab, results, diagnosis) does this alone; MINUTES=10 BATCH=4 watches the memory of a page that shows a training instead.
# Chromium comes from Debian's packages, the driver from Go's proxy, by a module of its own. What is missing is installed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=${1:-$(mktemp -d)}
mkdir -p "$out"
out=$(realpath "$out")
if ! command -v chromium >/dev/null; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -q
  $as_root apt-get install -qy --no-install-recommends chromium
fi
go test -modfile experiments/live/testdata/browser.mod -tags browser -count=1 -v -timeout 30m ./experiments/live/testdata/browser \
  -program "$(realpath dcae)" -out "$out" ${RUN:+-run "TestPagesInABrowser/$RUN"} ${MINUTES:+-run TestALongTraining -minutes $MINUTES -batch ${BATCH:-32}}
echo "pictures are in $out"
