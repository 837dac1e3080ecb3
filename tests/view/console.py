"""A program in a terminal of tmux, and a log that a recording is written into as if it happened now."""

import atexit
import datetime
import os
import re
import subprocess
import tempfile
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
STAMP = re.compile(rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}")


class Console:
    """A shell in a terminal; nothing of the user's own settings is read."""

    def __init__(self, columns, rows, **environment):
        self.folder = tempfile.mkdtemp(prefix="kctriage-view-")
        self.socket = os.path.join(self.folder, "tmux")
        plain = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8", "TERM": "xterm-256color", "PS1": "$ "}
        # the server itself has to draw more than ASCII, whatever the program in it is told
        command = ["env", *(f"{k}={v}" for k, v in environment.items()), "bash", "--norc", "--noprofile"]
        atexit.register(self.close)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), *command, env=plain)

    def tmux(self, *args, env=None):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *args], env=env, check=True, capture_output=True)
        return done.stdout.decode()

    def keys(self, *keys):
        """Presses keys, by the names that tmux has for them."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, command):
        self.type(command)
        self.keys("Enter")

    def screen(self, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def has_taken_screen(self):
        """Whether a program has the alternate screen."""
        return self.tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def wait(self, what, seconds=10.0, gone=False):
        """Waits until a text is on the screen, or is gone; returns how long it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if (what in self.screen()) != gone:
                return time.monotonic() - begin
            time.sleep(0.02)
        raise AssertionError(f"{what!r} is {'still' if gone else 'not'} on the screen after {seconds} s:\n{self.screen()}")

    def pid_of(self, name):
        """Returns the program that the shell runs."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(subprocess.run(["pgrep", "-P", shell, name], check=True, capture_output=True).stdout.split()[0])

    def close(self):
        atexit.unregister(self.close)
        self.tmux("kill-server")


def seconds(line):
    """Returns the time that a line begins with, if it does."""
    text = STAMP.match(line)
    return datetime.datetime.strptime(text[0].decode() + "000 +0000", "%Y-%m-%d %H:%M:%S,%f %z").timestamp() if text else None


def stamped(line, at=None):
    """Returns a line with another time: that of now, where none is given."""
    time_of = datetime.datetime.fromtimestamp(time.time() if at is None else at, datetime.timezone.utc)
    return STAMP.sub(time_of.strftime("%Y-%m-%d %H:%M:%S,%f")[:-3].encode(), line)


def recording(name):
    with open(os.path.join(ROOT, "tests/recordings", name, "server.log"), "rb") as log:
        return log.read().splitlines(keepends=True)


def play(name, path, speed=1.0):
    """Writes a recording into a file, at its own pace or faster, in a thread; returns the thread."""

    def write():
        begin, first = time.monotonic(), None
        with open(path, "ab") as log:
            for line in recording(name):
                at = seconds(line)
                first = at if first is None else first
                if at is not None:
                    pause = (at - first) / speed - (time.monotonic() - begin)
                    if pause > 0:
                        log.flush()
                        time.sleep(pause)
                log.write(stamped(line))

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread
