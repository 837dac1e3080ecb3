#!/usr/bin/env python3
"""Time `kctriage scan` against a text search over the same files, in turn, and print the ratio of the medians as Markdown.

usage: benches/compare.py FILE... [--runs 5] [--threads 1,2]     (needs target/release/kctriage and rg)

Whole process, wall time, page cache warm. The search is `rg -c 'error='`; the scan is the full job (join, decide, count) in its default format.
"""
import argparse, os, resource, statistics, subprocess, time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BINARY = os.path.join(ROOT, "target", "release", "kctriage")


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def peak_kib(command):
    before = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(before.pid, 0)
    return usage.ru_maxrss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    args = parser.parse_args()
    threads = [int(t) for t in args.threads.split(",")]
    print("| file | MiB | rg, s | " + " | ".join(f"scan, {t} thread{'s' * (t > 1)}, s | ratio | peak MiB" for t in threads) + " |")
    print("| --- | --- | --- | " + " | ".join("--- | --- | ---" for _ in threads) + " |")
    for path in args.files:
        scan = {t: [BINARY, "scan", "--threads", str(t), path] for t in threads}
        search = ["rg", "-c", "error=", path]
        timed(search)
        seconds = {"rg": [], **{t: [] for t in threads}}
        for _ in range(args.runs):
            seconds["rg"].append(timed(search))
            for t in threads:
                seconds[t].append(timed(scan[t]))
        rg = statistics.median(seconds["rg"])
        cells = [os.path.basename(path), f"{os.path.getsize(path) / 2**20:.0f}", f"{rg:.3f}"]
        for t in threads:
            median = statistics.median(seconds[t])
            cells += [f"{median:.3f}", f"{median / rg:.1f}", f"{peak_kib(scan[t]) / 1024:.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
