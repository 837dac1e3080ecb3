"""Follows a real server's log with the built program, and holds what it says against the truth and against a scan of the finished log. See `run`."""

import argparse
import contextlib
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
RECORDINGS = os.path.join(ROOT, "tests", "recordings")
sys.path.insert(0, RECORDINGS)
import kclab  # noqa: E402

# an old server, whose events give no reasons, and a new one
VERSIONS = ["22.0.5", "26.7.3"]

# what the file is rotated at, so that a run of minutes sees it many times
ROTATED = {"max-file-size": "24K", "max-backup-index": "500"}


class Tail:
    """The program, following; what it tells is kept over restarts, each line with the time at which it came."""

    def __init__(self, program, folder, name, arguments):
        self.command = [program, "tail", "--format", "ndjson", *arguments]
        self.notes = open(os.path.join(folder, f"{name}.notes"), "ab")
        self.name, self.lines, self.kills = name, [], 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.notes)
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,))
        self.reader.start()

    def read(self, out):
        for line in out:
            # a line that a kill cut off was not told
            if line.endswith(b"\n"):
                self.lines.append((time.time(), json.loads(line)))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.kills += 1
        self.start()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.reader.join()
        assert code == 0, f"{self.name} ended with {code}: {open(self.notes.name).read()}"

    def words(self):
        """The first and the last word on each failure, by its id."""
        first, last = {}, {}
        for _, finding in self.lines:
            first.setdefault(finding["id"], finding)
            last[finding["id"]] = finding
        return first, last

    def delays(self):
        """Seconds from a failure to its first word."""
        seen, delays = set(), []
        for came, finding in self.lines:
            if finding["id"] not in seen:
                seen.add(finding["id"])
                at = datetime.datetime.fromisoformat(finding["time"].replace("Z", "+00:00")).timestamp()
                delays.append(came - at)
        return sorted(delays)


def server(version, out, arguments):
    """A server with its console in OUT/server.log and its own file in OUT/log, which it rotates by itself."""
    has_options = tuple(map(int, version.split(".")[:2])) >= (26, 6)
    rotation = [f"--log-file-rotation-{k}={v}" for k, v in ROTATED.items()] if has_options else []
    for key, value in ROTATED.items():
        name = f"QUARKUS_LOG_FILE_ROTATION_{key.upper().replace('-', '_')}"
        if has_options:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    extra = ["--log=console,file", f"--log-file={out}/log/keycloak.log", *rotation, *arguments.server_option]
    known = dict(log_format="plain", success_events=arguments.success_events, debug=False, port=arguments.port, load=arguments.load, categories=arguments.categories)
    rest = dict(cluster=False, nginx=False, outage=False, story=0, hostile=False, stored=False, threads=12, seed=str(arguments.seed), extra=extra)
    return kclab.Lab(types.SimpleNamespace(version=version, out=out, **known, **rest))


def after_a_restart(lab):
    """The server comes back, with its log rotated as it boots, and one client with it that still has an old secret."""
    lab.restart()
    for _ in range(3):
        lab.record("secret-wrong-client-credentials", 5, "nightly-batch",
                   lambda: lab.token(grant_type="client_credentials", client_id="nightly-batch", client_secret="OLD"))


def word(finding):
    return tuple(json.dumps(finding[key]) for key in ("cause", "confidence", "candidates", "detail"))


def write(path, findings):
    with open(path, "w") as out:
        out.writelines(json.dumps({k: v for k, v in f.items() if k != "supersedes"}) + "\n" for f in findings)
    return path


def score(out, findings, name):
    log, path = f"{out}/server.log", write(f"{out}/{name}.ndjson", findings)
    done = subprocess.run([sys.executable, f"{RECORDINGS}/score.py", log, f"{out}/truth.jsonl", path], capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def told(tail, scanned, out, faults):
    """Compares what was told with the scan and with the truth; returns a line of figures."""
    first, last = tail.words()
    differ = [i for i in scanned if i in last and word(last[i]) != word(scanned[i])]
    missing, strange = scanned.keys() - last.keys(), last.keys() - scanned.keys()
    for kind, ids in (("differs", differ), ("is missing", missing), ("is no failure of the scan", strange)):
        faults.extend(f"{tail.name}: {i} {kind}: scan {scanned.get(i)}\n  first {first.get(i)}\n  last {last.get(i)}" for i in sorted(ids))
    begin, end = score(out, first.values(), f"{tail.name}-first"), score(out, last.values(), f"{tail.name}-last")
    zero = ["missed", "doubled", "false_alarms", "stray", "certain_wrong", "malformed", "client_wrong", "detail_wrong", "no_evidence"]
    faults.extend(f"{tail.name}: {key} of the {which} words is {s[key]}" for which, s in (("first", begin), ("last", end)) for key in zero if s[key])
    if end["covered"] < end["failures"]:
        faults.append(f"{tail.name}: the true cause is among the candidates of {end['covered']} of {end['failures']} failures only")
    delays = tail.delays()
    at = lambda share: delays[min(int(len(delays) * share), len(delays) - 1)]
    return (f"{tail.name}: {len(last)} failures, {len(differ) + len(missing) + len(strange)} unlike scan, {sum(word(first[i]) != word(last[i]) for i in first)} corrected, {tail.kills} kills; "
            f"right {begin['right_share']:.1%} at first, {end['right_share']:.1%} at last, certain {begin['certain_share']:.1%} and {end['certain_share']:.1%}, "
            f"wrongly certain {begin['certain_wrong']} and {end['certain_wrong']}; told after {at(.5):.2f} s (median), {at(.95):.2f} s (95 %), {delays[-1]:.2f} s (longest)")


def chaos(tail, stop, seed):
    """Kills the program now and then, at no particular moment."""
    dice = random.Random(seed)
    while not stop.wait(dice.uniform(10, 30)):
        tail.kill()


def run(version, arguments):
    out = os.path.join(arguments.out or tempfile.mkdtemp(prefix="kctriage-real-"), version)
    os.makedirs(f"{out}/log", exist_ok=True)
    lab = server(version, out, arguments)
    program = os.path.abspath(arguments.program)
    # both wait for what is not there yet
    file = Tail(program, out, "file", ["--state", f"{out}/state", f"{out}/log/keycloak.log"])
    pipe = Tail(program, out, "command", ["--", "tail", "-n", "+1", "-F", f"{out}/server.log"])
    stop, begin = threading.Event(), time.monotonic()
    killer = threading.Thread(target=chaos, args=(file, stop, arguments.seed))
    with open(f"{out}/clients.txt", "w") as clients, contextlib.redirect_stderr(clients):
        try:
            lab.start()
            # the first answers of a cold server take seconds, and what is timed by them would be another failure than was meant
            lab.setup()
            killer.start()
            if arguments.load:
                kclab.load(lab, arguments.load, 12, str(arguments.seed))
            else:
                kclab.scenarios(lab)
            after_a_restart(lab)
        finally:
            stop.set()
            lab.stop()
            if killer.is_alive():
                killer.join()
            # what is held is told by now
            time.sleep(3)
            file.end()
            pipe.end()
    scan = lambda path: {f["id"]: f for f in map(json.loads, subprocess.run([program, "scan", "--format", "ndjson", path], check=True, capture_output=True).stdout.splitlines())}
    rotated = len(os.listdir(f"{out}/log")) - 1
    faults = [] if rotated else ["the server did not rotate its log"]
    if not lab.n:
        faults.append("nothing was asked of the server")
    print(f"Keycloak {version}: {lab.n} token requests in {time.monotonic() - begin:.0f} s, the server rotated its file {rotated} times; {out}")
    print("  " + told(file, scan(f"{out}/log"), out, faults))
    print("  " + told(pipe, scan(f"{out}/server.log"), out, faults))
    return [f"{version}: {fault}" for fault in faults]


def main():
    parser = argparse.ArgumentParser(prog="tests/real/run", description="Follows a real server's log and holds what is told against the truth and against a scan.")
    parser.add_argument("versions", nargs="*", metavar="VERSION", help=f"servers to run, one after another [default: {' '.join(VERSIONS)}]")
    parser.add_argument("--program", default=os.path.join(ROOT, "target/debug/kctriage"))
    parser.add_argument("--out", help="a folder to keep logs, truth and what was told [default: a temporary one]")
    parser.add_argument("--load", type=int, default=0, metavar="SECONDS", help="twelve users at once for so long, in place of one scenario after another")
    parser.add_argument("--success-events", default="debug", choices=["off", "info", "debug"], help="what the server logs of successes [default: debug]")
    parser.add_argument("--categories", help="more log categories, as in org.keycloak.authentication.ClientAuthenticationFlow:DEBUG")
    parser.add_argument("--server-option", action="append", default=[], metavar="OPTION", help="one more option of the server")
    parser.add_argument("--port", type=int, default=18081)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="what decides when the program is killed [default: chance]")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    faults = [fault for version in arguments.versions or VERSIONS for fault in run(version, arguments)]
    print("\n".join(faults) or "all is well")
    sys.exit(bool(faults))


main()
