#!/usr/bin/env bash
# Pictures of a page in headless Chromium, to be looked at: light and dark at 1280 pixels, a phone of 360, an enlarged picture, and print.
#
#   plots/testdata/screenshot.sh [PAGE.html [FOLDER]]
#
# Without a page it makes one of made-up data. Chromium and Poppler come from Debian's packages, the driver from npm; what is missing is
# installed outside of the repository.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${2:-$(mktemp -d)}
mkdir -p "$out"
page=${1:-}
if [ -z "$page" ]; then
  (cd "$here/../.." && go test ./plots -count=1 -run TestPageIsSelfContained -previews "$out")
  page=$out/page.html
fi

if ! command -v chromium >/dev/null || ! command -v pdftoppm >/dev/null; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -q
  $as_root apt-get install -qy --no-install-recommends chromium poppler-utils
fi
driver=${XDG_CACHE_HOME:-$HOME/.cache}/dcae-screenshot
if [ ! -d "$driver/node_modules/puppeteer-core" ]; then
  mkdir -p "$driver"
  (cd "$driver" && npm install --silent --no-audit --no-fund puppeteer-core@24)
fi

CHROMIUM=$(command -v chromium) NODE_PATH=$driver/node_modules node "$here/screenshot.cjs" "$(realpath "$page")" "$out"
pdftoppm -r 60 -png "$out/print.pdf" "$out/print"
echo "pictures of $page are in $out"
