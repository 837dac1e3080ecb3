#!/usr/bin/env python3
"""Takes the screens of docs/screens: the live view in tmux, while the recording of an outage is written as if it happened now. Needs tmux.

    python3 tests/view/screens.py target/debug/kctriage
"""

import os
import subprocess
import sys
import time
import venv

from console import ROOT, Console, play

PROGRAM = os.path.abspath(sys.argv[1])
SCREENS = os.path.join(ROOT, "docs", "screens")
RECORDING = "2673-outage"

# its own pace: two minutes
SPEED = 1


def painter(folder):
    """Returns what makes pictures: python with the library for it, in a place of its own."""
    venv.create(folder, with_pip=True)
    python = os.path.join(folder, "bin", "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "rich"], check=True)
    return python


def main():
    os.makedirs(SCREENS, exist_ok=True)
    consoles = {"80x24": Console(80, 24), "200x60": Console(200, 60)}
    folder = consoles["80x24"].folder
    python = painter(os.path.join(folder, "venv"))
    log = os.path.join(folder, "server.log")
    open(log, "wb").close()
    for console in consoles.values():
        console.run(f"cd {folder}; PATH=$PATH:{os.path.dirname(PROGRAM)}; clear; kctriage tail server.log")
        console.wait("1 file")

    def take(name, size, title):
        screen = consoles[size].screen(colours=True)
        path = os.path.join(SCREENS, f"{name}-{size}")
        with open(path + ".txt", "w") as out:
            out.write("\n".join(line.rstrip() for line in consoles[size].screen().split("\n")).rstrip() + "\n")
        picture = [python, os.path.join(ROOT, "tests/view/picture.py"), title, size.split("x")[0], path + ".svg"]
        subprocess.run(picture, input=screen.encode(), check=True)

    play(RECORDING, log, SPEED).join()
    # what is held is told by now
    time.sleep(3)
    for size in consoles:
        take("live", size, f"kctriage tail, {size.replace('x', ' by ')}")
    for size, console in consoles.items():
        console.keys("Enter")
        console.wait("Who and when")
        time.sleep(0.5)
        take("failure", size, "One failure: its evidence and the fix")
        console.keys("q")
        console.close()


main()
