#!/usr/bin/env bash
# A sweep as a Slurm array, one shard a task, and its merge when all are done:
#
#   scenarios/cluster/slurm.sh SCENARIO OUT SHARDS [OPTIONS OF `rollsim run`...]
#   scenarios/cluster/slurm.sh scenarios/ways-to-ship.toml results/sweep 8 --replications 100
#
# The results, the bytes of a run on one machine, are in OUT/whole. SCENARIO and OUT have to be on
# a file system that all nodes share, and `rollsim` on their PATH. A task that is requeued goes on
# with what it has done.
#SBATCH --job-name=rollsim
#SBATCH --cpus-per-task=2
#SBATCH --requeue
set -euo pipefail
scenario=$1 out=$2 shards=$3

if [[ -z ${SLURM_ARRAY_TASK_ID:-} ]]; then
    job=$(sbatch --parsable --array="1-$shards" "$0" "$@")
    merge=(rollsim merge)
    for ((index = 1; index <= shards; index++)); do merge+=("$out/shards/$index"); done
    merge+=(--out "$out/whole")
    sbatch --dependency="afterok:${job%%;*}" --wrap "$(printf '%q ' "${merge[@]}")"
    exit
fi

exec rollsim run "$scenario" "${@:4}" --quiet --resume --threads "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "$SLURM_ARRAY_TASK_ID/$shards" --out "$out/shards/$SLURM_ARRAY_TASK_ID"
