#!/bin/bash
# Builds the Dockerfile's image with buildah, which needs no daemon, and runs a small study in it and verifies it, as the image's user, on a folder of
# this machine: the same bytes as without the image. Needs buildah and root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
image() { buildah --storage-driver vfs --root "$root/store" --runroot "$root/state" "$@"; }
trap 'image rm --all >/dev/null 2>&1 || true; rm -rf "$root"' EXIT
cd "$here/../.."
mkdir -m 777 "$root/image" "$root/results"
CGO_ENABLED=0 GOOS=linux go build -trimpath -o "$root/image/dcae" ./cmd/dcae
cp "$here/Dockerfile" "$root/image"

image bud --quiet -t dcae "$root/image" >/dev/null
container=$(image from dcae)
inside() { image run --isolation chroot -v "$root/results:/results" "$container" -- /dcae "$@"; }
flags=(--arms improved --seeds 1 --epochs 1 --images 160 --quiet)
inside run failure-modes --out /results/inside "${flags[@]}" >/dev/null
inside verify /results/inside
"$root/image/dcae" run failure-modes --out "$root/outside" "${flags[@]}" >/dev/null
diff -r --exclude='timing*.csv' --exclude='invocation*.json' --exclude='*.png' --exclude='*.html' "$root/outside" "$root/results/inside"
[ "$(stat -c %u "$root/results/inside/study.json")" = 65532 ] || { echo "the study was not run as the image's user"; exit 1; }
echo "an image of $(stat -c %s "$root/image/dcae") bytes: the same records as without it"
