#!/usr/bin/env python3
"""Time `kctriage scan` against searches over the same files, in turn, and print the ratios of the medians as Markdown.

usage: benches/compare.py [FILE... | --make DIR] [--mib 256] [--kinds sparse,success,dense,dense-json] [--runs 5] [--threads 1,2]

Needs target/release/kctriage (below CARGO_TARGET_DIR, where that is set); rg and mawk are timed where they are installed, and the ratios need rg.
With --make the corpora are written to DIR first (examples/corpus.rs), where they are not there yet. Whole process, page cache warm. The scan is the full job (join, decide, count) in its default
format; `rg -c 'error='` only counts lines, mawk counts by hour, client and
error (text layouts only). Each cell is the median wall time in seconds and the
least CPU time (user and system) in brackets: on a machine that does other work, compare the latter.
"""
import argparse, os, shutil, statistics, subprocess, time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TARGET = os.path.join(os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target"), "release")
BINARY = os.path.join(TARGET, "kctriage")
AWK = r'''/\[org\.keycloak\.events\]/ && / error="/ {h=substr($0,1,13); match($0,/clientId="[^"]*"/); c=substr($0,RSTART+10,RLENGTH-11)
match($0,/ error="[^"]*"/); n[h"\t"c"\t"substr($0,RSTART+8,RLENGTH-9)]++} END{for(k in n)print k"\t"n[k]}'''


def measured(command):
    """Returns wall seconds, CPU seconds and the peak in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
    _, status, usage = os.wait4(process.pid, 0)
    if status and command[0] == BINARY:
        raise SystemExit(f"{command} failed: {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def make(folder, kinds, mib):
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["cargo", "build", "--release", "--quiet", "--example", "corpus"], cwd=ROOT, check=True)
    paths = []
    for kind in kinds:
        path = os.path.join(folder, f"{kind}-{mib}.log")
        if not os.path.exists(path):
            with open(path, "wb") as out:
                subprocess.run([os.path.join(TARGET, "examples", "corpus"), kind, str(mib)], stdout=out, check=True)
        paths.append(path)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--make", metavar="DIR")
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--kinds", default="sparse,success,dense,dense-json")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    args = parser.parse_args()
    files = args.files + (make(args.make, args.kinds.split(","), args.mib) if args.make else [])
    threads = [int(t) for t in args.threads.split(",")]
    peers = {"rg": ["rg", "-c", "error="], "mawk": ["mawk", AWK]}
    peers = {name: command for name, command in peers.items() if shutil.which(name)}
    ratios = ["ratio to rg", "CPU ratio"] if "rg" in peers else []
    heads = [f"{name}, s" for name in peers] + [c for t in threads for c in (f"scan, {t} thread{'s' * (t > 1)}, s", *ratios, "peak MiB")]
    print("| file | MiB | " + " | ".join(heads) + " |")
    print("| --- " * (len(heads) + 2) + "|")
    for path in files:
        commands = {**{name: command + [path] for name, command in peers.items()}, **{t: [BINARY, "scan", "--threads", str(t), path] for t in threads}}
        measured(["cat", path])
        runs = {name: [] for name in commands}
        for _ in range(args.runs):
            for name, command in commands.items():
                runs[name].append(measured(command))
        wall = {name: statistics.median(r[0] for r in rs) for name, rs in runs.items()}
        cpu = {name: min(r[1] for r in rs) for name, rs in runs.items()}
        cells = [os.path.basename(path), f"{os.path.getsize(path) / 2**20:.0f}"]
        cells += [f"{wall[name]:.2f} ({cpu[name]:.2f})" for name in peers]
        for t in threads:
            peak = max(r[2] for r in runs[t])
            cells += [f"{wall[t]:.2f} ({cpu[t]:.2f})"]
            # a small file is searched in less than a tick of the clock that counts CPU time
            cells += [f"{mine[t] / theirs:.1f}" if (theirs := mine["rg"]) else "" for mine in (wall, cpu) if ratios]
            cells += [f"{peak:.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
