"""A sweep on a Ray cluster: python ray_sweep.py SCENARIO OUT SHARDS.

On a machine that is in no cluster it uses that machine. `pip install ray`; SCENARIO and OUT are on
a file system that all nodes share, `rollsim` is on their PATH.
"""
import os
import subprocess
import sys

import ray


@ray.remote
def simulate(scenario, out, index, shards):
    folder, shard = f"{out}/shards/{index}", f"{index}/{shards}"
    rollsim = ["rollsim", "run", scenario, "--quiet", "--threads", "1"]
    subprocess.run([*rollsim, "--shard", shard, "--out", folder], check=True)
    return folder


if __name__ == "__main__":
    scenario, out, shards = sys.argv[1:]
    scenario, out = os.path.abspath(scenario), os.path.abspath(out)
    ray.init()
    parts = [simulate.remote(scenario, out, 1 + i, shards) for i in range(int(shards))]
    merge = ["rollsim", "merge", *ray.get(parts), "--out", f"{out}/whole"]
    subprocess.run(merge, check=True)
