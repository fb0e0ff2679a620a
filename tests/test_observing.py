"""What docs/observing.md lists is what the program measures."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.metrics_core import Metric

from art_mcp.server.metrics import Metrics

ROOT = Path(__file__).resolve().parent.parent


def listed(place: str) -> list[list[str]]:
    """The cells of a table of the document."""
    text = (ROOT / "docs" / "observing.md").read_text("utf-8")
    rows = text.partition(f"<!-- {place} -->\n")[2].partition(f"<!-- /{place} -->")[0].splitlines()[2:]
    assert rows
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def quoted(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def test_each_metric_is_listed_with_its_labels() -> None:
    metrics = Metrics()
    for histogram, labels in ((metrics._duration, 4), (metrics._http_duration, 4)):
        histogram.labels(*["x"] * labels).observe(1)
    measured: dict[str, Metric] = {family.name: family for family in metrics._registry.collect()}
    named = {name: (quoted(labels), said) for names, labels, said in listed("metrics") for name in quoted(names)}
    assert named.keys() == {name for name in measured if not name.endswith("_created")}
    for name, (labels, said) in named.items():
        if not name.startswith("process_"):
            assert list(measured[name].samples[0].labels)[: len(labels)] == labels
            assert measured[name].documentation == said


def test_each_step_is_listed_with_its_attributes() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "art_mcp").rglob("*.py"))
    steps = {name for name in re.findall(r'\bstep\(\s*f?"([a-z]+ \S+)"', code)}
    assert steps == {re.sub("MODEL", "{model}", quoted(name)[0]) for name, _ in listed("steps")}
    for _, attributes in listed("steps"):
        for each in quoted(attributes):
            assert f'"{each}"' in code
