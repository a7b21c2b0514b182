#!/bin/bash
# Tries what job.yaml does, without a cluster: the pods of an Indexed Job as processes of this machine, all at once on one folder, and the merge,
# compared byte for byte with a run on its own. It also checks job.yaml against the schema that Kubernetes publishes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cd "$here/../.."
CGO_ENABLED=0 go build -o "$root/dcae" ./cmd/dcae

python3 -m venv "$root/python"
"$root/python/bin/pip" install -q kubernetes-validate
"$root/python/bin/kubernetes-validate" --strict "$here/job.yaml"

flags=(--arms sigmoid,improved --seeds 1-3 --epochs 1 --images 160 --threads 1 --quiet)
tasks=4 pods=()
for index in $(seq 0 $((tasks - 1))); do
	JOB_COMPLETION_INDEX=$index DCAE_TASKS=$tasks "$root/dcae" run failure-modes --out "$root/shared" "${flags[@]}" >/dev/null &
	pods+=($!)
done
for pod in "${pods[@]}"; do wait "$pod"; done
"$root/dcae" merge "$root/shared" >/dev/null
"$root/dcae" run failure-modes --out "$root/alone" "${flags[@]}" >/dev/null
diff -r --exclude='timing*.csv' --exclude='invocation*.json' --exclude='*.png' --exclude='*.html' "$root/alone" "$root/shared"
echo "$tasks pods, $(find "$root/shared/runs" -name result.json | wc -l) runs: the same bytes as on one machine"
