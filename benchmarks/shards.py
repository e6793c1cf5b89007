"""What processes bring: the same shards through an engine of one worker and of two.

    python benchmarks/shards.py [--shards N] [--bytes N] [--level L] [--workers N] [--repeats N] [--json OUT]

The engine is Dask, with workers that are started before the clock and have imported foretell. What Dask does besides is
made rare (`QUIET`): its profiler looks at each worker a hundred times a second and its event loops at themselves fifty
times, which takes 5 to 10 % of two cores, and hides on an idle one while there is one worker. The shards are pieces of
Python's own library. Runs alternate; a time is the median. Exit status 1 if any archive is not the one that this
process makes of its shard.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import dask
import foretell
from distributed import Client, LocalCluster
from foretell.lab.worlds.text import source_code
from foretell.shards import compress_shards
from report import write_report

QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "5s",
    "distributed.admin.tick.interval": "5s",
    "distributed.admin.system-monitor.interval": "10s",
}


def seconds(shards: list[Path], folder: Path, client: Client, level: int) -> float:
    began = time.perf_counter()
    compress_shards(shards, folder, engine=client.get_executor(), level=level)
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shards", type=int, default=32)
    parser.add_argument("--bytes", type=int, default=62_500, help="of a shard (62500)")
    parser.add_argument("--level", type=int, default=foretell.DEFAULT_LEVEL)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    dask.config.set(QUIET)
    text = source_code(options.shards * options.bytes)
    times: dict[int, list[float]] = {1: [], options.workers: []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shards = [folder / f"shard-{number}" for number in range(options.shards)]
        for number, shard in enumerate(shards):
            shard.write_bytes(text[number * options.bytes : (number + 1) * options.bytes])
        expected = [foretell.compress(shard.read_bytes(), options.level) for shard in shards]
        for repeat in range(options.repeats):
            for workers in times if repeat % 2 else reversed(times):
                out = folder / f"{workers}-{repeat}"
                with (
                    LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
                    Client(cluster) as client,
                ):
                    client.run(foretell.compress, b"warm", options.level)
                    times[workers].append(seconds(shards, out, client, options.level))
                for shard, archive in zip(shards, expected, strict=True):
                    if (out / f"{shard.name}.fore").read_bytes() != archive:
                        print(f"{shard.name}: {workers} workers made another archive")
                        return 1
    medians = {workers: statistics.median(found) for workers, found in times.items()}
    ratio = medians[1] / medians[options.workers]
    total = options.shards * options.bytes
    for workers, found in medians.items():
        print(f"{workers} workers: {found:.2f} s, {total / found / 1000:.0f} KB/s")
    print(f"{options.workers} workers are {ratio:.2f} times as fast as one; all archives are those of one process")
    if options.json:
        results = {"seconds": {str(workers): found for workers, found in medians.items()}, "ratio": ratio}
        settings = {"shards": options.shards, "bytes": options.bytes, "level": options.level}
        write_report(options.json, results, **settings, repeats=options.repeats)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
