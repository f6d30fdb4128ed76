"""`moldesign serve`: the web page and the REST API."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moldesign.errors import MoldesignError, RunFolderError

if TYPE_CHECKING:
    from moldesign.server.settings import ServerSettings

TOKEN_VARIABLE = "MOLDESIGN_TOKEN"  # noqa: S105  the name of the variable, not a token


def serve(
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; any address but this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535)] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar=TOKEN_VARIABLE,
            help="What clients must know. On other addresses than 127.0.0.1 one is made up if you give none.",
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where runs are kept, and found again.")] = Path(
        "moldesign-serve"
    ),
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="DIR", help="Serve this model folder, too. Repeat it for more."),
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Processes that predict and draw.")] = 2,
    rate: Annotated[
        float, typer.Option(metavar="N", min=1, help="Requests per second that one client address may send.")
    ] = 50.0,
    no_log: Annotated[
        bool, typer.Option("--no-log", help="Do not log predictions; `moldesign monitor` then has nothing to tell.")
    ] = False,
) -> None:
    """Serve a web page to design molecules in, and a REST API.

    Draw a molecule or paste a SMILES, see what is predicted and why; set goals, start a run, watch hits arrive, stop
    it, take CSV or SDF with you. The API is described at /docs. Nothing is loaded from another server.

    Runs are processes of their own and lie in --runs; after a kill or a restart they go on. Needs moldesign[serve].

    \b
    Examples:
      moldesign serve
      moldesign serve --model my_model --port 9000
      moldesign serve --host 0.0.0.0 --token "$(openssl rand -hex 16)"
    """
    settings = choose_settings(host, port, token, runs, tuple(model or ()), workers, rate, log=not no_log)
    try:
        import uvicorn  # noqa: PLC0415

        from moldesign.generation.lock import hold_lock  # noqa: PLC0415
        from moldesign.server.app import create_app  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MoldesignError(f"serving needs the package {error.name!r}: pip install 'moldesign[serve]'") from error
    try:
        app = create_app(settings)
        with hold_lock(runs):  # two servers would resume the same runs
            typer.echo(describe_address(settings), err=True)
            uvicorn.run(
                app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=5, server_header=False
            )
    except OSError as error:
        raise MoldesignError(f"cannot keep runs in {runs}: {error.strerror or error}; choose another --runs") from error
    except RunFolderError as error:
        raise MoldesignError(str(error).replace("--out", "--runs")) from error


def choose_settings(
    host: str,
    port: int,
    token: str | None,
    runs: Path,
    models: tuple[str, ...],
    workers: int,
    rate: float,
    *,
    log: bool,
) -> "ServerSettings":
    """Return what the options say; where others can reach the server, with a token in any case."""
    from moldesign.server.settings import Limits, ServerSettings, is_loopback  # noqa: PLC0415

    limits = Limits(requests_per_second=rate, burst=int(4 * rate))
    secret = token or (None if is_loopback(host) else secrets.token_urlsafe(24))
    return ServerSettings(runs, host, port, secret, models, workers, log, limits)


def describe_address(settings: "ServerSettings") -> str:
    """Return where the page is found."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    fragment = f"#token={settings.token}" if settings.token else ""
    return (
        f"loading the models; then open http://{host}:{settings.port}/{fragment}\n"
        f"API: http://{host}:{settings.port}/docs; runs are kept in {settings.runs}; Ctrl-C ends the server"
    )
