#!/usr/bin/env python3
"""Feed kctriage what is small and becomes large, and compare its peak memory with what is promised.

usage: benches/bombs.py [--binary target/release/kctriage] [--scale 1.0] [--threads 2]

Prints Markdown; exits with 1 where a limit is passed. At scale 1: a line of 1 GB, 10 MB of gzip that become 10 GB, the same packed twice, a hole of
1 GB, a zip of a million members. Every one has a recognised record before and after it, which must be found.
An unoptimised program is larger in memory before it reads anything: what a scan of one line needs above 32 MiB is not counted.
"""
import argparse, gzip, os, subprocess, sys, tempfile, time, zipfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
RECORD = b"2026-11-23 14:48:22,304 INFO  [org.infinispan.CLUSTER] (main) ISPN000078: Starting\n"
PROGRAM = 32
FILLING = b"2026-11-23 14:48:22,304 INFO  [a.b] (main) nothing that matters to anybody\n"


def line(path, scale):
    with open(path, "wb") as out:
        out.write(RECORD + b"2026-11-23 14:48:23,304 INFO  [a.b] (main) ")
        for _ in range(max(1, int(1000 * scale))):
            out.write(b"x" * 1_000_000)
        out.write(b"\n" + RECORD)


def one(path, _):
    with open(path, "wb") as out:
        out.write(RECORD)


def packed(scale):
    text = FILLING * (100_000_000 // len(FILLING))
    member = gzip.compress(text, 6, mtime=0)
    return member * max(1, int(100 * scale))


def gz(path, scale):
    with open(path, "wb") as out:
        out.write(packed(scale))


def gz_in_gz(path, scale):
    with open(path, "wb") as out:
        out.write(gzip.compress(packed(scale), 1, mtime=0))


def hole(path, scale):
    with open(path, "wb") as out:
        out.write(RECORD)
        out.seek(int(1_000_000_000 * scale), os.SEEK_CUR)
        out.write(RECORD)


def crowd(path, scale):
    with zipfile.ZipFile(path, "w") as out:
        for n in range(max(110_000, int(1_000_000 * scale))):
            out.writestr(f"{n}.log", b"")


def run(binary, threads, path):
    command = [binary, "scan", "--format", "json", "--no-progress", "--threads", str(threads), path]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        out.seek(0)
        said = out.read().decode()
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), said


def made(make, path, scale):
    """Make it in another process: what this one holds would count as the peak of what it starts."""
    child = os.fork()
    if child == 0:
        make(path, scale)
        os._exit(0)
    os.waitpid(child, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(ROOT, "target", "release", "kctriage"))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    cases = [
        ("one line", one, "one.log", 64, 0),
        ("a line without an end", line, "bomb.log", 64, 3),
        ("gzip", gz, "bomb.log.gz", 64, 0),
        ("gzip in gzip", gz_in_gz, "bomb.log.gz.gz", 64, 0),
        ("a hole of NULs", hole, "bomb.log", 64, 3),
        ("a crowded zip", crowd, "bomb.zip", 256, 3),
    ]
    print("| input | bytes | seconds | peak MiB | at most |\n| --- | ---: | ---: | ---: | ---: |")
    bad, program = [], 0
    for what, make, name, limit, exit_code in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            made(make, path, args.scale)
            seconds, peak, code, said = run(args.binary, args.threads, path)
            print(f"| {what} | {os.path.getsize(path)} | {seconds:.2f} | {peak:.1f} | {limit} |", flush=True)
        program = program or max(0, peak - PROGRAM)
        if peak - program > limit:
            bad.append(f"{what}: {peak:.1f} MiB")
        if code != exit_code:
            bad.append(f"{what}: exit code {code}")
        if make is not crowd and '"records": 0' in said:
            bad.append(f"{what}: no record was found")
    for text in bad:
        print(text, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
