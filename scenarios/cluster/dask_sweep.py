"""A sweep on a Dask cluster: python dask_sweep.py SCENARIO OUT SHARDS [SCHEDULER'S ADDRESS].

Without an address it starts workers on this machine. `pip install dask distributed`; SCENARIO and
OUT are on a file system that all workers share, `rollsim` is on their PATH.
"""
import os
import subprocess
import sys

from dask.distributed import Client


def simulate(scenario, out, index, shards):
    folder, shard = f"{out}/shards/{index}", f"{index}/{shards}"
    rollsim = ["rollsim", "run", scenario, "--quiet", "--threads", "1"]
    subprocess.run([*rollsim, "--shard", shard, "--out", folder], check=True)
    return folder


if __name__ == "__main__":
    scenario, out, shards, *address = sys.argv[1:]
    scenario, out = os.path.abspath(scenario), os.path.abspath(out)
    with Client(*address) as client:
        parts = [client.submit(simulate, scenario, out, 1 + i, shards) for i in range(int(shards))]
        merge = ["rollsim", "merge", *client.gather(parts), "--out", f"{out}/whole"]
        subprocess.run(merge, check=True)
