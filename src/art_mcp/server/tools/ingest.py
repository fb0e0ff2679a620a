"""The tool that loads a collection."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import BaseModel, Field

from art_mcp import ingest, store
from art_mcp.errors import ArtMcpError
from art_mcp.images.files import allowed_path
from art_mcp.ingest.errors import IngestError, unknown_job
from art_mcp.ingest.sources.kinds import MUSEUM_FORMS, describe_kinds, is_address
from art_mcp.server.access.principal import only_seen, principal
from art_mcp.server.answers import answer
from art_mcp.server.arguments import ColumnNames, Number, Text
from art_mcp.server.job_results import MANY, IngestResult, ingest_text, job_result, plan_result
from art_mcp.server.services import Services, ToolContext, services
from art_mcp.spending import Spending

if TYPE_CHECKING:
    from art_mcp.ingest.plan import Plan
    from art_mcp.store.database import Database
    from art_mcp.store.jobs import Job

RETURN_WITHIN_S = 25
"""Chat clients time out after 60 s or more and show no progress, so the tool returns well before."""
PROGRESS_EVERY_S = 1
LISTED = 20
"""Maximum number of jobs that an answer lists."""


def register(server: MCPServer[Services]) -> None:
    server.add_tool(
        ingest_collection,
        title="Load a collection of paintings",
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
        ),
        description=(
            "Loads paintings from a folder of pictures, a table with its pictures, or a museum. Starts a job, or "
            "reports and continues the one in job_id; returns within 30 seconds, while the job continues. Loading a "
            "source again updates it; nothing is removed. With plan it only reports what it would do and cost."
        ),
    )


class Consent(BaseModel):
    """A user's consent to a load that costs money, or stores paintings a second time."""

    go_on: bool = Field(description="Load it?")


class Estimate(NamedTuple):
    """What a load would do and cost, as far as that is known without its pictures."""

    plan: Plan
    spending: Spending


async def read_load(
    ctx: ToolContext,
    source: str,
    collection: str,
    columns: dict[str, str] | None,
    encoding: str,
    sheet: str,
    images: str,
    limit: int | None,
    job_id: str,
) -> dict[str, Any]:
    """The arguments of `Ingest.create` and `Ingest.plan`; empty for a call that starts no load.

    A path must be in a folder that the server may read.
    """
    if not source or job_id:
        return {}
    if limit is not None and limit < 1:
        raise IngestError(f"limit is {limit:.6g}, but must be 1 or more.", "Omit it to load all rows.")
    if unknown := [field for field in columns or {} if field not in ingest.FIELDS]:
        raise IngestError(f"columns has no field {unknown[0]!r:.60}.", f"The fields are {', '.join(ingest.FIELDS)}.")
    within = services(ctx).runtime.settings.image_dirs
    if not is_address(source):
        source = str(await anyio.to_thread.run_sync(allowed_path, source, within))
    options = ingest.Options(
        columns=columns or {},
        encoding=encoding or None,
        sheet=sheet or None,
        images=str(await anyio.to_thread.run_sync(allowed_path, images, within)) if images else None,
        limit=limit,
    )
    return {"source": source, "collection": collection or None, "options": options, "within": within}


Load = Annotated[dict[str, Any], Resolve(read_load)]


async def estimate(ctx: ToolContext, load: Load, plan: bool) -> Estimate | None:
    """Estimate the load that a call starts; None if it starts none, or a free one."""
    if not load or plan:
        return None
    runtime = services(ctx).runtime
    ingest = await runtime.ingest()
    if not ingest.billed:
        return None
    found = await ingest.plan(**load, at_a_glance=True)
    return Estimate(found, await runtime.spending(found.calls))


async def stored_elsewhere(ctx: ToolContext, load: Load, plan: bool) -> IngestError | None:
    """What to say about the load that a call starts if another collection has its paintings already, or None."""
    return None if not load or plan else await (await services(ctx).runtime.ingest()).elsewhere(**load)


async def ask_user(
    ctx: ToolContext,
    estimated: Annotated[Estimate | None, Resolve(estimate)],
    again: Annotated[IngestError | None, Resolve(stored_elsewhere)],
    load: Load,
) -> Elicit[Consent] | Consent:
    """Ask the user before paintings are stored twice, or more than ART_MCP_ASK_ABOVE calls are paid for.

    A client that cannot ask has to name the collection to store paintings a second time.
    """
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        if again and not load["collection"]:
            raise again
        return Consent(go_on=True)
    questions = [f"{again.problem} Store them a second time?"] if again else []
    if estimated and estimated.spending.calls > services(ctx).runtime.settings.ask_above:
        questions.append(f"Load {estimated.plan.collection}? {estimated.spending}")
    return Elicit(" ".join(questions), Consent) if questions else Consent(go_on=True)


async def ingest_collection(
    ctx: ToolContext,
    consent: Annotated[ElicitationResult[Consent], Resolve(ask_user)],
    estimated: Annotated[Estimate | None, Resolve(estimate)],
    again: Annotated[IngestError | None, Resolve(stored_elsewhere)],
    load: Load,
    source: Annotated[
        Text,
        Field(
            description=f"Absolute path in a folder that the server may read; {MUSEUM_FORMS} for these museums' "
            "paintings; or link to a IIIF manifest or collection."
        ),
    ] = "",
    collection: Annotated[Text, Field(description="Its name. Default: the source's.")] = "",
    columns: ColumnNames = None,
    encoding: Annotated[Text, Field(description="Of a table. Default: detected.")] = "",
    sheet: Annotated[Text, Field(description="Of an Excel workbook. Default: the one with pictures.")] = "",
    images: Annotated[Text, Field(description="Folder or zip with a table's pictures.")] = "",
    limit: Annotated[Number, Field(description="Maximum rows.")] = None,
    plan: bool = False,
    job_id: Annotated[Text, Field(description="Instead of source.")] = "",
    cancel: Annotated[bool, Field(description="Stored paintings are kept.")] = False,
) -> Annotated[CallToolResult, IngestResult]:
    runtime, runner = services(ctx).runtime, services(ctx).runner
    request = ctx.request_context.request
    if bool(source) == bool(job_id):
        advice = "Give source to start a job, or job_id to continue and report one."
        if source:
            raise IngestError("Both source and job_id were given.", advice)
        running = _listed(await store.jobs.unfinished(await runtime.database(), only_seen(request)))
        raise IngestError("Neither source nor job_id was given.", f"{advice} A source is {describe_kinds()}.{running}")
    ingest, database = await runtime.ingest(), await runtime.database()
    short = str(estimated.spending) if estimated and estimated.spending.beyond_budget else None
    if source:
        declined = not (isinstance(consent, AcceptedElicitation) and consent.data.go_on)
        if plan or declined:
            found = await ingest.plan(**load, seconds=RETURN_WITHIN_S)
            spending = await runtime.spending(found.calls) if found.calls else None
            why = "The user did not agree, so nothing was loaded." if declined else None
            return answer(plan_result(found, spending, why), ingest_text)
        job_uuid = await ingest.create(**load, principal=principal(request))
    else:
        job_uuid = _parse_job_id(job_id)
    job = await store.jobs.get(database, job_uuid, only_seen(request))
    if job is None:
        raise unknown_job(job_id)
    if cancel:
        await store.jobs.cancel(database, job_uuid)
        await runner.wait(job_uuid)
    elif job.state == "running":
        runner.start(ingest, job_uuid)
        with anyio.move_on_after(RETURN_WITHIN_S):
            async with anyio.create_task_group() as reporting:
                reporting.start_soon(_report, ctx, database, job_uuid)
                await runner.wait(job_uuid)
                reporting.cancel_scope.cancel()
    job = await store.jobs.get(database, job_uuid) or job
    refusals = await store.jobs.refusals(database, job_uuid, MANY)
    return answer(
        job_result(job, refusals, runner.problem(job_uuid), short, str(again) if again else None), ingest_text
    )


async def _report(ctx: ToolContext, database: Database, job_uuid: uuid.UUID) -> None:
    """Report the job's progress to a client that requested it."""
    with contextlib.suppress(ArtMcpError):  # the job itself reports its error
        while True:
            await anyio.sleep(PROGRESS_EVERY_S)
            if job := await store.jobs.get(database, job_uuid):
                finished = job.total - job.pending
                total = job.total if job.listed else None
                await ctx.report_progress(finished, total, f"{finished} of {job.total} rows")


def _listed(jobs: list[Job]) -> str:
    """A sentence that names jobs, for a caller who has lost their ids, or sees those of others."""
    named = [f"{job.id} ({job.collection}{_owner(job)})" for job in jobs[:LISTED]]
    more = f", and {len(jobs) - LISTED} more" if len(jobs) > LISTED else ""
    return (
        f" Unfinished jobs: {', '.join(named)}{more}." if named else " There are no unfinished jobs that you may see."
    )


def _owner(job: Job) -> str:
    return f", of {job.principal!r:.80}" if job.principal else ""


def _parse_job_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise unknown_job(text) from None
