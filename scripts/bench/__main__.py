"""Times, recall and memory compared with the best that is possible, as tables with targets.

    python scripts/bench [--rows 11206 200000] [--write docs/benchmarks.md]

The data is synthetic and always the same. It is loaded into an embedded server with a data folder of its own,
which takes minutes for the larger size, and kept for the next run. What each line means is in
docs/benchmarks.md. Needs what art-mcp itself needs; `--peers` installs two other servers by pip.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import anyio
import platformdirs

sys.path.append(str(Path(__file__).resolve().parent.parent))
from bench.collection import opened, prepare
from bench.memory import memory_figures
from bench.peers import peer_figures
from bench.sql import sql_figures
from bench.start import start_figures
from bench.tool import tool_figures
from figures import Figure, Report

LEAST_ROWS = 1000


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
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    Report.add_option(parser)
    options = parser.parse_args()
    if min(options.rows, default=LEAST_ROWS) < LEAST_ROWS:
        parser.error(f"--rows needs at least {LEAST_ROWS:,}: in a smaller collection no word is rare.")

    report = Report("bench", ["protocol", *map(str, options.rows)], options)
    report.add("protocol", anyio.run(start_figures, max(1, options.turns // 5)))
    for rows in options.rows:
        figures = anyio.run(measure, options.folder.absolute(), rows, options.turns, options.peers)
        report.add(str(rows), figures, title=f"{rows:,} paintings")
    return int(options.check and report.missed)


if __name__ == "__main__":
    sys.exit(main())
