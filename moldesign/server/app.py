"""The application: pages, the routes of the API, and how errors are told."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from moldesign.server.errors import ServingError
from moldesign.server.guard import Guard
from moldesign.server.molecule_routes import router as molecule_routes
from moldesign.server.run_routes import router as run_routes
from moldesign.server.services import Services
from moldesign.server.settings import ServerSettings

PAGES = Path(str(resources.files("moldesign.server").joinpath("pages")))

logger = logging.getLogger(__name__)


def create_app(settings: ServerSettings) -> FastAPI:
    """Return the application; its workers start with it and end with it.

    Raises:
        UnknownNameError: a model of the settings is no folder.
        ModelFormatError: its card cannot be read.
        OSError: the folder of the runs cannot be made.
    """
    services = Services.of(settings)

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        try:
            await services.start()
            yield
        finally:
            await services.close()

    app = FastAPI(
        title="moldesign",
        version=metadata.version("moldesign"),
        summary="Predict properties of molecules, explain predictions, design molecules, rank libraries.",
        lifespan=live,
        docs_url=None,  # FastAPI's own page is loaded from another server
        redoc_url=None,
    )
    app.state.services = services
    app.include_router(molecule_routes)
    app.include_router(run_routes)
    app.mount("/static", StaticFiles(directory=PAGES), name="static")
    app.add_api_route("/", show_page, include_in_schema=False)
    app.add_api_route("/docs", show_documentation, include_in_schema=False)
    app.add_exception_handler(ServingError, tell_error)
    app.add_exception_handler(RequestValidationError, tell_invalid)
    app.add_exception_handler(HTTPException, tell_http)
    app.add_exception_handler(404, tell_http)
    app.add_exception_handler(405, tell_http)
    app.add_exception_handler(RecursionError, tell_nested)
    app.add_middleware(Guard, settings=settings)
    return app


async def show_page() -> FileResponse:
    """Return the page on which molecules are designed."""
    return FileResponse(PAGES / "index.html")


async def show_documentation() -> FileResponse:
    """Return the page that describes the API."""
    return FileResponse(PAGES / "docs.html")


async def tell_error(request: Request, error: Exception) -> JSONResponse:
    """Answer with the status of the error, its message and its field."""
    if not isinstance(error, ServingError):
        raise error
    retry = {"retry-after": "5"} if error.status in {429, 503} else None
    return JSONResponse({"error": str(error), "field": error.field}, error.status, headers=retry)


async def tell_invalid(request: Request, error: Exception) -> JSONResponse:
    """Answer with 422 and the first field that is wrong; what was sent is not sent back."""
    if not isinstance(error, RequestValidationError):
        raise error
    problems = [_describe_problem(one) for one in error.errors()]
    first = problems[0]
    message = f"{first['field']}: {first['error']}" if first["field"] else first["error"]
    return JSONResponse({"error": message, "field": first["field"], "problems": problems[:20]}, 422)


def _describe_problem(problem: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the field of a problem, None for the body as a whole, and what is wrong with it."""
    place = problem["loc"]
    if problem["type"] == "json_invalid":
        return {"field": None, "error": f"the body is not valid JSON (character {place[-1] + 1})"}
    if place == ("body",):
        return {"field": None, "error": "the body is no JSON object with the content type application/json"}
    field = ".".join(str(part) for part in place if part != "body")
    return {"field": field, "error": problem["msg"].removeprefix("Value error, ")}


async def tell_http(request: Request, error: Exception) -> JSONResponse:
    """Answer with the status that the framework has chosen; what it could not parse is malformed: 422."""
    status: int = getattr(error, "status_code", 500)
    status = 422 if status == 400 else status
    detail: Any = getattr(error, "detail", "")
    return JSONResponse({"error": str(detail), "field": None}, status)


async def tell_nested(request: Request, error: Exception) -> JSONResponse:
    """Answer JSON that is nested too deeply to be read."""
    return JSONResponse({"error": "the JSON is nested too deeply", "field": None}, 422)
