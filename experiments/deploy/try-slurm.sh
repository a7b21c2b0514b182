#!/bin/bash
# Tries dcae.sbatch for real, on a Slurm of this machine alone: submits an array of 8 tasks and the merge that depends on it, and
# compares with a run without Slurm, byte for byte. Must be root; installs Debian's slurm-wlm if there is none. All that it starts
# lives in a temporary folder, and is ended with it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v slurmctld slurmd munged >/dev/null; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
fi

root=$(mktemp -d)
chmod 755 "$root" # munge refuses a socket below a closed folder
daemons=()
end() {
	for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
		kill "${daemons[i]}" 2>/dev/null && wait "${daemons[i]}" 2>/dev/null || true
	done
	rm -rf "$root"
}
trap end EXIT
start() { # name, command...
	local name=$1
	shift
	"$@" >"$root/$name.log" 2>&1 &
	daemons+=($!)
}
wait_for() { # what, command...
	local what=$1
	shift
	for _ in $(seq 300); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	echo "no $what after a minute" >&2
	tail -n 20 "$root"/*.log >&2
	exit 1
}

(cd "$here/../.." && CGO_ENABLED=0 go build -o "$root/dcae" ./cmd/dcae)

mkdir -p "$root/munge" "$root/state" "$root/spool" "$root/logs"
head -c 1024 /dev/urandom >"$root/munge/key"
chmod 400 "$root/munge/key"
chmod 755 "$root/munge"
start munge munged --foreground --force --key-file="$root/munge/key" --socket="$root/munge/socket" --pid-file="$root/munge/pid" \
	--seed-file="$root/munge/seed" --log-file="$root/munge/log"
wait_for munge test -S "$root/munge/socket"

node=$(hostname -s)
cat >"$root/slurm.conf" <<CONF
ClusterName=try
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$root/munge/socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool
SlurmctldPidFile=$root/slurmctld.pid
SlurmdPidFile=$root/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$root/slurm.conf DCAE=$root/dcae
start slurmctld slurmctld -D
wait_for slurmctld scontrol ping
start slurmd slurmd -D -N "$node"
wait_for "idle node" sh -c 'sinfo -h -o %T | grep -qx idle'

flags=(--arms sigmoid,improved --seeds 1-4 --epochs 1 --images 320)
cd "$root/logs"
job=$(sbatch --parsable --array=1-8 --cpus-per-task=1 --mem=0 "$here/dcae.sbatch" failure-modes "$root/shared" "${flags[@]}")
merge=$(sbatch --parsable --dependency="afterok:$job" --mem=0 --output=merge.out --wrap "'$root/dcae' merge '$root/shared'")
echo "array job $job, merge $merge"
for _ in $(seq 600); do
	[ -z "$(squeue -h)" ] && break
	sleep 1
done
squeue
cat merge.out || { tail -n 20 "$root"/logs/* "$root"/*.log; exit 1; }

"$root/dcae" run failure-modes --out "$root/alone" --quiet "${flags[@]}" >/dev/null
diff -r --exclude='timing*.csv' --exclude='invocation*.json' --exclude='*.png' --exclude='*.html' "$root/alone" "$root/shared"
echo "$(ls "$root"/shared/invocation-*-of-8.json | wc -l) tasks, $(find "$root/shared/runs" -name result.json | wc -l) runs: the same bytes as without Slurm"
