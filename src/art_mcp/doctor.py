"""Checks the settings, the database and the model, and says how to fix what is wrong."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from art_mcp.errors import ArtMcpError
from art_mcp.ingest import verification
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings, env_files, unknown_variables, variable
from art_mcp.store import collection_sizes, jobs, server, vector_index
from art_mcp.store.schema import ENCODING
from art_mcp.vision.local import LocalProvider

WORTH_DROPPING = 1_000_000
"""Bytes of unused vectors above which dropping them is suggested; the empty tables of an unused model take less."""

SHOWN_MISMATCHES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    ok: bool
    detail: str
    fix: str | None = None


async def examine(settings: Settings, verify: int = 0, env_file: Path | None = None) -> AsyncIterator[Finding]:
    """Run all checks in turn; a failed one never hides the others.

    Args:
        verify: how many paintings to re-embed, to compare the vectors with the stored ones.
        env_file: the file that the settings were read from besides the user's `.env`.
    """
    yield Finding("program", True, f"art-mcp {version('art-mcp')} on Python {platform.python_version()}")
    for finding in _settings(settings, env_files(env_file)):
        yield finding
    async with Runtime(settings) as runtime:
        yield await _database(runtime)
        yield await _model(runtime)
        if move := await _move(runtime):
            yield move
        if verify:
            yield await _vectors(runtime, verify)


def _settings(settings: Settings, files: Sequence[Path]) -> list[Finding]:
    findings = [
        Finding("settings", True, f"{file} {'is read' if file.exists() else 'does not exist (optional)'}")
        for file in files
    ]
    findings += [
        Finding("settings", False, sentence, "Correct its name where it is set.")
        for sentence in unknown_variables(os.environ, files)
    ]
    for folder in settings.image_dirs:
        there = folder.is_dir() and os.access(folder, os.R_OK)
        given = "image_dirs" in settings.model_fields_set
        if there or given:
            fix = None if there else f"Create it, or correct {variable('image_dirs')}."
            findings.append(Finding("readable folder", there, str(folder), fix))
    if settings.public_url or settings.secret_key or settings.stateless is not None:
        findings.append(_sessions(settings))
    return findings


def _sessions(settings: Settings) -> Finding:
    """Whether several processes can serve one address."""
    fix = (
        None
        if settings.secret_key
        else f"If several servers share an address, give all of them the same {variable('secret_key')}."
    )
    if not settings.is_stateless:
        return Finding("over HTTP", True, "the server keeps sessions, so no other server can share its address", fix)
    return Finding("over HTTP", True, "the server keeps no sessions, so several can share an address", fix)


async def _model(runtime: Runtime) -> Finding:
    suggestion = None
    try:
        provider, suggestion = await runtime.provider(), await runtime.suggestion()
    except ArtMcpError as error:
        if runtime.settings.embeds_by != "local":
            return Finding("model", False, f"not checked: {error.problem}", error.next_step)
        provider = LocalProvider()  # it needs no database
    health = await provider.health()
    return Finding("model", health.usable, health.detail, suggestion)


async def _move(runtime: Runtime) -> Finding | None:
    """A finding if the settings name another model than the database's, or if unused vectors are stored."""
    try:
        await runtime.database()
    except ArtMcpError:
        return None  # already reported
    try:
        move = await runtime.move()
        instead_of, lack, inactive = await move.instead_of(), await move.lack(), await move.inactive()
        health = await move.health() if instead_of else None
    except ArtMcpError as error:
        return Finding("reembed", False, f"not checked: {error.problem}", error.next_step)
    if health:
        detail = f"the settings name {move.made_by}, but the pictures were embedded by {instead_of}. {health.detail}"
        fix = "`art-mcp reembed` re-embeds them (--dry-run shows the cost); or configure the model that embedded them."
        return Finding("reembed", health.usable, detail, fix)
    if lack:
        detail = f"{lack} paintings have no vector of {move.made_by}"
        return Finding("reembed", True, detail, "`art-mcp reembed` creates the missing vectors where it can.")
    if (size := sum(each.size for each in inactive)) >= WORTH_DROPPING:
        makers = ", ".join(dict.fromkeys(each.space.made_by for each in inactive))
        detail = f"unused vectors of {makers} take {size / 1e6:.0f} MB"
        return Finding("reembed", True, detail, "`art-mcp reembed --drop-old` removes them.")
    return None


async def _vectors(runtime: Runtime, count: int) -> Finding:
    """Compare a sample of the stored vectors with new embeddings of their paintings."""
    try:
        provider, spaces, within = await runtime.provider(), await runtime.spaces(), ""
        if provider.limits.billed and (left := (await runtime.spending(count)).left) and left.calls < count:
            within = f" (all that this {left.period}'s budget allows)"
            count = left.calls
        found = await verification.verify(await runtime.database(), provider, spaces, count)
    except ArtMcpError as error:
        return Finding("vectors", False, f"not compared: {error.problem}", error.next_step)
    detail = f"{found.checked} paintings were re-embedded{within}"
    if found.unreadable:
        detail += f"; {found.unreadable} more have pictures that cannot be embedded"
    if not found.mismatches:
        return Finding("vectors", True, f"{detail}; all stored vectors match")
    listed = "; ".join(
        f"{each.painting.catalogue.title or each.painting.source_key} "
        f"(cosine {each.cosine:.2f} in {each.space.leg.shown})"
        for each in found.mismatches[:SHOWN_MISMATCHES]
    )
    more = ", ..." if len(found.mismatches) > SHOWN_MISMATCHES else ""
    detail += f"; {len(found.mismatches)} have a stored vector that does not match: {listed}{more}"
    command = " ".join(["art-mcp reembed", *(f"--painting {each.painting.id}" for each in found.mismatches)])
    return Finding("vectors", False, detail, f"`{command}` replaces these vectors. Then verify more paintings.")


async def _database(runtime: Runtime) -> Finding:
    kind = "embedded" if runtime.settings.database_url is None else "from ART_MCP_DATABASE_URL"
    try:
        database = await runtime.database()
        found = await server.look(database)
        await runtime.spaces()
        sizes = await collection_sizes.sizes(database)
        left = await jobs.unfinished(database)
        unindexed = await vector_index.missing(database)
    except ArtMcpError as error:
        return Finding("database", False, f"{kind}: {error.problem}", error.next_step)
    listed = ", ".join(f"{name} ({count})" for name, count in sizes.items()) or "none yet"
    detail = f"{kind}; {sum(sizes.values())} paintings; collections: {listed}"
    if not database.is_embedded:
        pooler = ", behind a pooler" if found.pooled else ""
        detail += f"; PostgreSQL {found.version.split()[0]} with pgvector {found.pgvector}{pooler}{_cluster(found)}"
    if found.encoding != ENCODING:
        detail += f"; its encoding is {found.encoding}, so it rejects many names and texts"
        fix = "Export it, run CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and import it there."
        return Finding("database", False, detail, fix)
    if found.read_only:
        detail += "; it is read-only"
        return Finding("database", True, detail, "Searches work. To load, connect to the primary server.")
    if unindexed:
        detail += f"; searches are slow because an index is missing: {', '.join(s.made_by for s in unindexed)}"
        return Finding("database", False, detail, "An import was interrupted: run it again, or start the server.")
    if left:
        detail += f"; unfinished loads: {', '.join(job.collection for job in left)}"
        return Finding("database", True, detail, "If none is running, `art-mcp ingest --resume` continues them.")
    return Finding("database", True, detail)


def _cluster(found: server.Server) -> str:
    """How the tables are distributed over a Citus cluster; empty on another server."""
    if found.distribution is None:
        return ""
    shards, nodes = found.distribution.shards, found.distribution.nodes
    if not shards:
        return f"; Citus {found.citus}, but the tables are not distributed ({variable('citus_shards')} does that)"
    return f"; Citus {found.citus}: paintings are distributed by id over {shards} shards on {nodes} nodes"
