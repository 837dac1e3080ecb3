#!/usr/bin/env python3
"""Show how the cost of `kctriage scan` grows: with bytes, threads, clients and sessions, as Markdown tables.

usage: benches/growth.py DIR [--sizes 256,1024,4096,16384] [--threads 1,2] [--clients 10,1000,100000,1000000] [--sessions 1000,100000,1000000,10000000] [--mib 1024] [--runs 3]

Needs `cargo build --release --example corpus --bins` (below CARGO_TARGET_DIR, where that is set) and room in DIR for the largest corpus; each is written there, read and
deleted. Each cell is the least wall time in seconds of the runs, the bytes read in that time, and the peak of resident memory in MiB; the page cache is warm where the corpus fits into it.
An empty list leaves its table out.
"""
import argparse, os, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compare import BINARY, TARGET, measured


def numbers(text):
    return [int(n) for n in text.split(",") if n]


def corpus(folder, kind, mib, *rest):
    path = os.path.join(folder, "growth.log")
    with open(path, "wb") as out:
        subprocess.run([os.path.join(TARGET, "examples", "corpus"), kind, str(mib), *map(str, rest)], stdout=out, check=True)
    return path


def row(label, path, threads, runs):
    size = os.path.getsize(path)
    cells = []
    for n in threads:
        results = [measured([BINARY, "scan", "--threads", str(n), path]) for _ in range(runs)]
        wall = min(r[0] for r in results)
        cells += [f"{wall:.2f}", f"{size / wall / 1e6:.0f}", f"{max(r[2] for r in results):.0f}"]
    print(f"| {label} | {size / 2**20:.0f} | " + " | ".join(cells) + " |", flush=True)
    os.remove(path)


def table(what, threads):
    heads = [c for n in threads for c in (f"{n} thread{'s' * (n > 1)}, s", "MB/s", "peak MiB")]
    print(f"\n| {what} | MiB | " + " | ".join(heads) + " |")
    print("| --- " * (len(heads) + 2) + "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--sizes", type=numbers, default="256,1024,4096,16384")
    parser.add_argument("--kinds", default="sparse,success,dense,dense-json")
    parser.add_argument("--threads", type=numbers, default="1,2")
    parser.add_argument("--clients", type=numbers, default="10,1000,100000,1000000")
    parser.add_argument("--sessions", type=numbers, default="1000,100000,1000000,10000000")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    for kind in args.kinds.split(",") if args.sizes else []:
        table(f"bytes: {kind}", args.threads)
        for mib in args.sizes:
            row(f"{mib / 1024:g} GiB", corpus(args.folder, kind, mib), args.threads, args.runs)
    if args.clients:
        table("clients: dense", args.threads)
    for clients in args.clients:
        row(f"{clients:,}", corpus(args.folder, "dense", args.mib, clients), args.threads, args.runs)
    if args.sessions:
        table("sessions at once: success", args.threads)
    for sessions in args.sessions:
        row(f"{sessions:,}", corpus(args.folder, "success", args.mib, 40, sessions), args.threads, args.runs)


if __name__ == "__main__":
    main()
