"""Routes about runs: searches and screenings that go on in the background."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, StreamingResponse

from moldesign.server.molecule_routes import InClient, InServices
from moldesign.server.progress import describe_run, follow, read_counts, read_final_hits, read_progress
from moldesign.server.requests import (
    MAX_NAME,
    MAX_SCREENED,
    MAX_SMILES,
    GenerateRequest,
    GoalsRequest,
    ScreenRequest,
)
from moldesign.server.runs import Kind, Run
from moldesign.server.services import Services

router = APIRouter(tags=["runs"])

MOLECULES = ("smiles", "names", "columns")
"""Fields of a screening that hold its library: too large to be sent about."""

RunId = Annotated[str, PathParameter(max_length=32)]
FileName = Annotated[str, PathParameter(max_length=64)]


@router.post("/generate", status_code=202)
async def generate(asked: GenerateRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Start a search for molecules; follow it at `/runs/{id}/events`.

    Goals are those of `moldesign generate`, but for functions, programs, docking and files, which would be run or
    opened on the server.
    """
    return await _submit("generate", asked, services, client)


@router.post("/screen", status_code=202)
async def screen(asked: ScreenRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Start to rank molecules by goals; follow it at `/runs/{id}/events`, then ask for `/runs/{id}/hits`."""
    return await _submit("screen", asked, services, client)


@router.get("/limits")
async def show_limits(services: InServices) -> dict[str, int]:
    """Say how large a library may be: molecules, characters of a SMILES and of a name, bytes of the request."""
    body_bytes = services.settings.limits.body_bytes
    return {"molecules": MAX_SCREENED, "smiles": MAX_SMILES, "name": MAX_NAME, "bytes": body_bytes}


@router.get("/runs")
async def list_runs(services: InServices) -> dict[str, Any]:
    """List all runs, the newest first."""
    return {"runs": [describe_run(services.store, run) for run in reversed(services.store.list_runs())]}


@router.get("/runs/{run_id}")
async def show_run(run_id: RunId, services: InServices) -> dict[str, Any]:
    """Show the state of a run, what was asked for, and its latest figures."""
    run = services.store.find(run_id)
    request = {key: value for key, value in services.store.read_request(run).items() if key not in MOLECULES}
    results = services.store.find_results(run)
    state = describe_run(services.store, run)
    return {**state, "request": request, "progress": read_progress(results), "counts": read_counts(results)}


@router.get("/runs/{run_id}/events")
async def watch_run(
    run_id: RunId,
    services: InServices,
    client: InClient,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> StreamingResponse:
    """Follow a run by server-sent events: `state`, `progress`, `hits`; Last-Event-ID says which hits are known."""
    run = services.store.find(run_id)
    services.begin_stream(client)
    return StreamingResponse(_stream(services, run, client, last_event_id), media_type="text/event-stream")


@router.get("/runs/{run_id}/hits")
async def list_hits(
    run_id: RunId, services: InServices, n: Annotated[int, Query(ge=1, le=1000)] = 100
) -> dict[str, Any]:
    """Return the ranked hits of a run that has ended, as they stand in hits.csv."""
    run = services.store.find(run_id)
    return {"hits": read_final_hits(services.store.find_results(run), n)}


@router.post("/runs/{run_id}/stop")
async def stop_run(run_id: RunId, services: InServices) -> dict[str, Any]:
    """Let a run end; what it has found is kept and written."""
    run = services.store.find(run_id)
    services.supervisor.stop(run)
    return describe_run(services.store, run)


@router.get("/runs/{run_id}/files/{name}")
async def download(run_id: RunId, name: FileName, services: InServices) -> FileResponse:
    """Download a file of a run: hits.csv, hits.sdf, report.html, profile.toml and others that it lists."""
    run = services.store.find(run_id)
    path, media_type = services.store.find_file(run, name)
    return FileResponse(
        path,
        media_type=media_type,
        filename=f"{run.id}-{path.name}",
        headers={"content-security-policy": "sandbox allow-scripts"},
    )


async def _submit(kind: Kind, asked: GoalsRequest, services: Services, client: str) -> dict[str, Any]:
    values = asked.model_dump()
    checked = {key: value for key, value in values.items() if key not in MOLECULES}
    told = await services.pool.run("check_profile", checked, client)
    run: Run = services.supervisor.submit(kind, values, client)
    return {**describe_run(services.store, run), "warnings": told["warnings"]}


async def _stream(services: Services, run: Run, client: str, after_call: int) -> AsyncIterator[str]:
    try:
        async for event in follow(services.store, run, after_call):
            yield event
    finally:
        services.end_stream(client)
