#!/usr/bin/env bash
# Compiles the program for arm64, whose compiler fuses products and sums, and lists where it did so on the path of a study: there the
# portable family would not give the same bits on every processor. float64(a*b) + c is what forbids it.
set -euo pipefail
cd "$(dirname "$0")/../../.."
program=$(mktemp)
trap 'rm -f "$program"' EXIT
GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -o "$program" ./cmd/dcae
# Benchmarks, estimates of memory and pages are on no such path.
fused=$(go tool objdump -s '^dcae/(graph/arithmetic|graph|graph/internal/kernel|models|models/edit|training|training/dataset|experiments|experiments/statistics|experiments/outcome|experiments/saved)\.' "$program" |
	awk '/^TEXT/ { function_name = $2 } /FN?M(ADD|SUB)[SD]/ { print "fused: " $1 " in " function_name }' |
	sort -u | grep -v -e ' bench\.go' -e ' run_memory\.go' -e ' footprint\.go' -e 'in dcae/training\.Memory(' -e ' report[a-z_]*\.go' || true)
if [ -n "$fused" ]; then
	echo "$fused"
	exit 1
fi
