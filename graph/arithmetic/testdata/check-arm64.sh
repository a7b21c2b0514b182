#!/usr/bin/env bash
# Holds the portable family to its promise on arm64, which qemu-user emulates (Debian: qemu-user): the tests of bits, and a study that is
# run on each of two kinds of processors and verified on the other. Half an hour.
set -euo pipefail
cd "$(dirname "$0")/../../.."
emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || { echo "qemu-aarch64 is missing: apt-get install qemu-user"; exit 1; }
graph/arithmetic/testdata/find-fused.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0
for_arm64() { GOOS=linux GOARCH=arm64 go "$@"; }

go build -o "$work/dcae" ./cmd/dcae
for_arm64 build -o "$work/dcae-arm64" ./cmd/dcae
study="run --kernels portable --quiet"
data="$PWD/graph/arithmetic/testdata/study.yaml"
echo "== a study run here, verified on arm64"
"$work/dcae" $study --out "$work/here" "$data"
"$emulator" "$work/dcae-arm64" verify --quiet "$work/here"
echo "== a study run on arm64, verified here"
"$emulator" "$work/dcae-arm64" $study --out "$work/there" "$data"
"$work/dcae" verify --quiet "$work/there"

for package in graph/arithmetic training/dataset graph/internal/kernel experiments; do
	case $package in
	experiments) tests='^TestBits$' ;;
	training/dataset) tests='Everywhere|PCA|Eigen|Resize|Moments' ;;
	*) tests=. ;;
	esac
	echo "== tests of $package on arm64"
	for_arm64 test -c -o "$work/tests" "./$package"
	(cd "$package" && "$emulator" "$work/tests" -test.run "$tests" -test.skip HugePages) # whose memory is the emulator's
done
