#!/usr/bin/env python3
"""Makes a picture (SVG) of a terminal's screen: reads what `tmux capture-pane -e -p` printed, writes a file without fonts or links of its own."""

import sys

import rich.terminal_theme
from rich.console import Console
from rich.text import Text

THEME = rich.terminal_theme.TerminalTheme(
    (24, 26, 31),
    (214, 218, 224),
    [(24, 26, 31), (240, 98, 98), (126, 200, 120), (222, 184, 90), (104, 160, 240), (200, 130, 220), (90, 196, 206), (214, 218, 224)],
    [(110, 116, 128), (255, 130, 130), (150, 220, 140), (240, 205, 120), (140, 185, 255), (220, 160, 235), (120, 215, 222), (255, 255, 255)],
)

FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>{chrome}</title>
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect fill="#181a1f" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, 8)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}
</g></g>
</svg>
"""


def main(title: str, columns: str, target: str) -> None:
    console = Console(record=True, width=int(columns), file=open("/dev/null", "w"), force_terminal=True, color_system="standard")
    for line in sys.stdin.read().rstrip("\n").split("\n"):
        console.print(Text.from_ansi(line), no_wrap=True, overflow="crop", crop=True)
    # the title stands in the format's place for the window's frame, which this one has not
    svg = console.export_svg(title=title, theme=THEME, code_format=FORMAT.replace("{chrome}", title), unique_id="view")
    with open(target, "w") as out:
        out.write(svg)


main(*sys.argv[1:])
