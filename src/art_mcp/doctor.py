"""What is configured, reachable and wrong, and how to mend it."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version

from art_mcp.errors import ArtMcpError
from art_mcp.runtime import Runtime, local_provider
from art_mcp.settings import Settings, unknown_variables, user_env_file, variable


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    fix: str | None = None


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything in turn; a fault in one thing never hides the others."""
    yield Finding("program", True, f"art-mcp {version('art-mcp')} on Python {platform.python_version()}")
    for finding in _settings(settings):
        yield finding
    async with Runtime(settings) as runtime:
        yield await _database(runtime)
        yield await _model(runtime)


def _settings(settings: Settings) -> list[Finding]:
    own = user_env_file()
    findings = [Finding("settings", True, f"{own} is {'read' if own.exists() else 'not there, which is fine'}")]
    findings += [
        Finding("settings", False, sentence, "Correct its name where it is set.")
        for sentence in unknown_variables(os.environ)
    ]
    for folder in settings.image_dirs:
        there = folder.is_dir() and os.access(folder, os.R_OK)
        given = "image_dirs" in settings.model_fields_set
        if there or given:
            fix = None if there else f"Create it, or correct {variable('image_dirs')}."
            findings.append(Finding("readable folder", there, str(folder), fix))
    return findings


async def _model(runtime: Runtime) -> Finding:
    try:
        provider = await runtime.provider()
    except ArtMcpError as error:
        if runtime.settings.embeds_by != "local":
            return Finding("model", False, f"not looked at: {error.problem}", error.next_step)
        provider = local_provider()  # it needs no database
    health = await provider.health()
    return Finding("model", health.usable, health.detail)


async def _database(runtime: Runtime) -> Finding:
    kind = "embedded" if runtime.settings.database_url is None else "from ART_MCP_DATABASE_URL"
    try:
        from art_mcp.store import collections, jobs

        database = await runtime.database()
        await runtime.spaces()
        sizes = await collections.sizes(database)
        left = await jobs.unfinished(database)
    except ArtMcpError as error:
        return Finding("database", False, f"{kind}: {error.problem}", error.next_step)
    listed = ", ".join(f"{name} ({count})" for name, count in sizes.items()) or "none yet"
    detail = f"{kind}; {sum(sizes.values())} paintings; collections: {listed}"
    if left:
        detail += f"; unfinished loads: {', '.join(job.collection for job in left)}"
        return Finding("database", True, detail, "If none is running, `art-mcp ingest --resume` goes on with them.")
    return Finding("database", True, detail)
