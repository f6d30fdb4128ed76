"""Routes about molecules and goals: answered at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from fastapi import Request as HttpRequest

from moldesign.server.requests import (
    MAX_NAME,
    CheckRequest,
    DepictRequest,
    ExplainRequest,
    PredictRequest,
    ProfileRequest,
)
from moldesign.server.services import Services

router = APIRouter()


def find_services(request: HttpRequest) -> Services:
    """Return the services of the application."""
    services: Services = request.app.state.services
    return services


def name_client(request: HttpRequest) -> str:
    """Return the address of whoever asks."""
    return request.client.host if request.client else "unknown"


InServices = Annotated[Services, Depends(find_services)]
InClient = Annotated[str, Depends(name_client)]
PropertyName = Annotated[str, PathParameter(min_length=1, max_length=MAX_NAME)]


@router.get("/models", tags=["models"])
async def list_models(services: InServices) -> dict[str, Any]:
    """List the served models: their endpoints, units, reference ranges, and figures on unseen molecules."""
    return {"models": services.describe_models()}


@router.get("/properties", tags=["models"])
async def list_properties(services: InServices, client: InClient) -> dict[str, Any]:
    """List the properties that a goal may be about."""
    return await services.ask_once("list_properties", {}, client)


@router.get("/properties/{name:path}/histogram", tags=["models"])
async def count_training(name: PropertyName, services: InServices, client: InClient) -> dict[str, Any]:
    """Show how the training set is distributed over a property; null where nothing is known of it."""
    return await services.ask_once("histogram", {"name": name}, client)


@router.post("/predict", tags=["molecules"])
async def predict(asked: PredictRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Predict every endpoint of a model for each molecule.

    Rows stay 1:1 with the input. A row holds each value, its standard deviation, for calibrated regressions the
    interval that holds 90 % of measured values, and whether similar molecules were measured. What is no molecule has an
    error with the position of the character.
    """
    return {"model": asked.model, "rows": await services.predict(asked.smiles, asked.model, client)}


@router.post("/explain", tags=["molecules"])
async def explain(asked: ExplainRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Say on which atoms a prediction rests, and which measured molecules are nearest; with pictures as SVG."""
    return await services.pool.run("explain", asked.model_dump(), client)


@router.post("/depict", tags=["molecules"])
async def depict(asked: DepictRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Draw molecules as SVG; null for what is none."""
    return await services.pool.run("depict", asked.model_dump(), client)


@router.post("/check", tags=["molecules"])
async def check_smiles(asked: CheckRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Say whether a text is a molecule, and if not, at which character it goes wrong."""
    return await services.pool.run("check_smiles", asked.model_dump(), client)


@router.post("/profile", tags=["runs"])
async def check_profile(asked: ProfileRequest, services: InServices, client: InClient) -> dict[str, Any]:
    """Check goals: the desirability curve of each, and what contradicts what."""
    return await services.pool.run("check_profile", asked.model_dump(), client)
