"""`moldesign serve`: who needs a token, and what is said before the server starts."""

from pathlib import Path

import pytest

from moldesign.cli.serve import choose_settings, describe_address
from moldesign.generation.lock import hold_lock
from tests.cli.conftest import Moldesign


def choose(host: str, token: str | None):
    return choose_settings(host, 8765, token, Path("runs"), (), 2, 50.0, log=True)


def test_this_machine_needs_no_token() -> None:
    settings = choose("127.0.0.1", None)
    assert settings.token is None
    assert "open http://127.0.0.1:8765/\n" in describe_address(settings)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::"])
def test_any_other_address_has_one(host: str) -> None:
    settings, another = choose(host, None), choose(host, None)
    assert settings.token != another.token
    assert len(settings.token) >= 32
    assert f"/#token={settings.token}" in describe_address(settings)
    assert choose(host, "mine").token == "mine"


def test_a_token_may_be_asked_for_on_this_machine_too() -> None:
    assert choose("localhost", "mine").token == "mine"


def test_a_model_that_is_not_there(moldesign: Moldesign) -> None:
    done = moldesign("serve", "--model", "missing")
    assert (done.code, done.out) == (1, "")
    assert "unknown model 'missing'" in done.err


def test_two_servers_do_not_share_their_runs(moldesign: Moldesign, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with hold_lock(tmp_path / "runs"):
        done = moldesign("serve", "--runs", "runs")
    assert (done.code, done.out) == (1, "")
    assert "runs is in use by process" in done.err
    assert "choose another --runs" in done.err


def test_runs_where_nothing_can_be_written(moldesign: Moldesign, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = moldesign("serve", "--runs", tmp_path / "file" / "runs")
    assert done.code == 1
    assert "choose another --runs" in done.err
