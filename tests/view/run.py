#!/usr/bin/env python3
"""Drives the live view of `kctriage tail` in a terminal, as a person would. Needs tmux.

    python3 tests/view/run.py target/debug/kctriage
"""

import os
import re
import signal
import subprocess
import sys
import time

from console import Console, recording, seconds, stamped

PROGRAM = os.path.abspath(sys.argv[1])

# a failure of which all is known at once
REFRESH = b'type="REFRESH_TOKEN_ERROR"'

# of a core, in a build without optimisation
IDLE = 0.03


class Log:
    """A log that lines are appended to."""

    def __init__(self, folder, name="server.log"):
        self.path = os.path.join(folder, name)
        # the server's start, and what follows the codes: what is said of these failures rests on no line that comes later
        lines = recording("2673-success")
        refreshed = next(n for n, line in enumerate(lines) if b'type="REFRESH_TOKEN_ERROR"' in line)
        self.lines = iter(lines[:28] + lines[refreshed - 3 :])
        # the time of the last line: a log does not go back
        self.last = 0
        open(self.path, "wb").close()

    def append(self, upto):
        """Appends lines up to the next one that holds this text, as if that one happened now and those before it as long ago as they did."""
        part = []
        for line in self.lines:
            part.append(line)
            if upto in line:
                break
        else:
            raise AssertionError(f"the recording has no more {upto}")
        now, end = time.time(), seconds(part[-1])
        with open(self.path, "ab") as log:
            for line in part:
                if (at := seconds(line)) is not None:
                    self.last = max(self.last, now - (end - at))
                log.write(stamped(line, self.last))


def started(columns=80, rows=24, command="{program} tail {path}", **environment):
    console = Console(columns, rows, **environment)
    log = Log(console.folder)
    console.run(command.format(program=PROGRAM, path=log.path))
    console.wait("Waiting for the first line.")
    # what is written before the file is followed is not looked at
    console.wait("1 file")
    assert console.has_taken_screen()
    return console, log


def is_as_it_was(console):
    """Whether the terminal is the shell's again: no screen of its own, and what is typed is seen."""
    console.wait("next:")
    assert not console.has_taken_screen()
    console.run("clear; stty -a | tr ' ' '\\n' | grep -xE -- '-?(echo|icanon|isig)' | tr '\\n' ' '; echo is-'set'")
    console.wait("is-set")
    modes = next(line for line in console.screen().splitlines() if line.endswith("is-set"))
    assert sorted(modes.split()) == ["echo", "icanon", "is-set", "isig"], modes
    console.close()


def found_on_the_page(console, *texts):
    """Turns pages until all texts were seen."""
    left, seen = set(texts), ""
    for _ in range(12):
        seen += console.screen()
        left = {text for text in left if text not in seen}
        if not left:
            return
        console.keys("PageDown")
        time.sleep(0.15)
    raise AssertionError(f"{left} is nowhere on the page:\n{seen}")


def a_person_looks_around():
    console, log = started()
    log.append(REFRESH)
    console.wait("4 refresh token invalid")
    assert "▲ 4 refresh" not in console.screen(), "one failure does not go on"
    log.append(REFRESH)
    console.wait("▲ 4 refresh token invalid")

    console.keys("Enter")
    console.wait("Who and when")
    found_on_the_page(console, "What to do first", "Evidence", "How sure", "How to verify", "The log's lines", "kctriage explain")
    console.keys("Escape")
    console.wait(" findings")

    log.append(REFRESH)
    console.wait("3 failures")
    console.keys("/")
    console.type("client:portal")
    console.wait("only “client:portal”")
    console.keys("Enter")
    findings = console.screen().split(" findings")[1]
    assert "web-portal" in findings and "billing-web" not in findings, findings
    console.keys("Escape")
    console.wait("only “", gone=True)

    console.keys("Space")
    console.wait("paused, 0 new")
    before = console.screen().splitlines()[1:-2]
    log.append(b'error="pkce_verification_failed"')
    console.wait("paused, 0 new", gone=True)
    assert console.screen().splitlines()[1:-2] == before, "what is paused stands still"
    console.keys("Space")
    console.wait("6 PKCE mismatch")
    log.append(b'error="invalid_redirect_uri"')
    print(f"  a failure is seen after {console.wait('7 redirect URI mismatch'):.2f} s")

    for columns, rows, text in [(200, 60, "mostly"), (50, 14, "causes"), (30, 6, "Too small"), (80, 24, "clients")]:
        console.resize(columns, rows)
        console.wait(text)
        widest = max(len(line) for line in console.screen().splitlines())
        assert widest <= columns, (widest, columns)

    # what is pasted is no command, and Esc may come together with the next key
    console.tmux("set-buffer", "quit q Q")
    console.tmux("paste-buffer", "-p")
    console.keys("/")
    console.tmux("paste-buffer", "-p")
    console.wait("/quit q Q")
    console.keys("C-u", "Escape")

    console.resize(80, 40)
    console.keys("?")
    console.wait("What is seen")
    console.keys("Escape", "Tab", "Down", "Enter")
    console.wait("What happens")
    console.keys("q")
    is_as_it_was(console)


def a_signal_gives_the_terminal_back():
    console, log = started()
    log.append(REFRESH)
    console.wait("4 refresh token invalid")
    os.kill(console.pid_of("kctriage"), signal.SIGTERM)
    is_as_it_was(console)


def the_shell_is_one_key_away():
    console, log = started()
    console.keys("C-z")
    console.wait("Stopped")
    assert not console.has_taken_screen()
    log.append(REFRESH)
    console.run("fg")
    console.wait("4 refresh token invalid")
    assert console.has_taken_screen()
    console.keys("C-c")
    is_as_it_was(console)


def a_connection_that_breaks_ends_it():
    for plain in ["", "--plain "]:
        console = Console(80, 24)
        log, state = Log(console.folder), os.path.join(console.folder, "state")
        # as sshd does, only that the shell does not pass the signal on
        console.run(f"set +m; {PROGRAM} tail {plain}--state {state} {log.path} & disown; wait")
        console.wait("following server.log" if plain else "1 file")
        log.append(REFRESH)
        console.wait("refresh token invalid")
        pid = console.pid_of("kctriage")
        console.close()
        for _ in range(100):
            if not os.path.exists(f"/proc/{pid}"):
                break
            time.sleep(0.1)
        else:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError("it goes on though nobody can see it or end it")
        assert os.path.getsize(os.path.join(state, "state")) > 0, "what was found is saved"


def keys_are_read_beside_a_pipe():
    console, log = started(command="tail -f {path} | {program} tail -")
    log.append(REFRESH)
    console.wait("4 refresh token invalid")
    console.keys("q")
    console.wait("next:")
    # tail -f would write on
    console.keys("C-c")
    is_as_it_was(console)


def a_terminal_without_colours_and_unicode_is_served():
    console, log = started(NO_COLOR="1", LC_ALL="C")
    log.append(REFRESH)
    console.wait("4 refresh token invalid")
    screen = console.screen(colours=True)
    assert console.screen().isascii(), console.screen()
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", screen) for code in found.split(";")}
    assert codes <= {"", "0", "1", "7", "39", "49"}, codes
    console.keys("q")
    is_as_it_was(console)


def lines_are_for_pipes_and_those_who_ask():
    for command in ["{program} tail --plain {path}", "{program} tail {path} | cat"]:
        console = Console(80, 24)
        log = Log(console.folder)
        console.run(command.format(program=PROGRAM, path=log.path))
        # what is written before the file is followed is not looked at
        console.wait("following server.log")
        log.append(REFRESH)
        console.wait("refresh token invalid")
        assert not console.has_taken_screen()
        # Ctrl-C would end cat, too
        os.kill(console.pid_of("kctriage"), signal.SIGTERM)
        is_as_it_was(console)


def nothing_to_do_costs_nothing():
    console, log = started(200, 60)
    log.append(REFRESH)
    console.wait("4 refresh token invalid")
    time.sleep(7)
    pid = console.pid_of("kctriage")

    def spent():
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # a machine that others use makes everything dearer for a while: one quiet span in some is what it costs
    for _ in range(6):
        before, begin = spent(), time.monotonic()
        time.sleep(6)
        share = (spent() - before) / (time.monotonic() - begin)
        print(f"  idle: {share:.2%} of a core")
        if share < IDLE:
            break
    assert share < IDLE, share
    console.keys("q")
    is_as_it_was(console)


def main():
    subprocess.run(["tmux", "-V"], check=True, stdout=subprocess.DEVNULL)
    for test in [
        a_person_looks_around,
        a_signal_gives_the_terminal_back,
        the_shell_is_one_key_away,
        a_connection_that_breaks_ends_it,
        keys_are_read_beside_a_pipe,
        a_terminal_without_colours_and_unicode_is_served,
        lines_are_for_pipes_and_those_who_ask,
        nothing_to_do_costs_nothing,
    ]:
        begin = time.monotonic()
        test()
        print(f"{test.__name__}: {time.monotonic() - begin:.1f} s")


main()
