"""The API of a real server: what it answers, and what it refuses."""

import json
import re
from typing import Any

import httpx
import pytest

from moldesign.predictors.bundled import load_predictor
from tests.conftest import NAMED_DRUGS
from tests.server.live import Live, wait_for_state

pytestmark = pytest.mark.slow

GOALS = ["qed >= 0.5", "mw in 150..450"]
HOSTILE = "<img src=x onerror=alert(1)>"
JSON = {"content-type": "application/json"}


def test_predictions_are_those_of_the_library(client: httpx.Client) -> None:
    smiles = [NAMED_DRUGS["haloperidol"], "CC(C", NAMED_DRUGS["diclofenac_sodium"]]
    rows = client.post("/predict", json={"smiles": smiles}).json()["rows"]
    expected = load_predictor("admet").predict(smiles)
    assert [row["smiles"] for row in rows] == smiles
    assert rows[1]["error"]["position"] == 2
    assert rows[1]["endpoints"] == {}
    for row in (0, 2):
        for t, endpoint in enumerate(expected.endpoints):
            told = rows[row]["endpoints"][endpoint.name]
            assert told["value"] == pytest.approx(float(expected.values[row, t]), rel=1e-4, abs=1e-5)
            assert told["in_domain"] == bool(expected.in_domain[row, t])
        solubility = rows[row]["endpoints"]["solubility"]
        assert solubility["low"] < solubility["value"] < solubility["high"]
        assert rows[row]["endpoints"]["herg"]["low"] is None


def test_explanation(client: httpx.Client) -> None:
    asked = {"smiles": NAMED_DRUGS["haloperidol"], "endpoint": "herg"}
    told = client.post("/explain", json=asked).json()
    assert told["svg"].startswith("<svg")
    assert len(told["atom_weights"]) == 26
    assert len(told["neighbours"]) == 3
    assert all(one["svg"].startswith("<svg") for one in told["neighbours"])


def test_models_and_properties(client: httpx.Client) -> None:
    models = {one["name"]: one for one in client.get("/models").json()["models"]}
    assert set(models) == {"admet", "targets", "activity"}
    assert len(models["admet"]["endpoints"]) == 38
    properties = {one["name"]: one for one in client.get("/properties").json()["properties"]}
    assert properties["herg"]["direction"] == "lower is better"
    assert properties["qed"]["kind"] == "descriptor"
    assert not [name for name in properties if "(" in name]


@pytest.mark.parametrize(("name", "n"), [("herg", 356), ("qed", 1000), ("alerts", 1000)])
def test_histogram_of_the_training_set(client: httpx.Client, name: str, n: int) -> None:
    histogram = client.get(f"/properties/{name}/histogram").json()["histogram"]
    assert histogram["n"] == sum(histogram["counts"]) == n
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1


def test_no_histogram_where_nothing_is_known(client: httpx.Client) -> None:
    told = client.get("/properties/novelty/histogram").json()
    assert told["histogram"] is None
    assert told["reason"]


def test_curve_and_contradiction_of_goals(client: httpx.Client) -> None:
    told = client.post("/profile", json={"goals": ["qed >= 0.6", "mw <= 200", "mw >= 500"]}).json()
    curve = told["goals"][0]["curve"]
    assert curve["y"][-1] == 1
    assert curve["y"][0] < 0.05
    assert [bool(goal["warnings"]) for goal in told["goals"]] == [False, True, True]
    assert "contradict" in told["goals"][1]["warnings"][0]


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("/predict", {"smiles": "CCO"}, "smiles"),
        ("/predict", {"smiles": []}, "smiles"),
        ("/predict", {"smiles": ["C"] * 501}, "smiles"),
        ("/predict", {"smiles": ["C" * 1001]}, "smiles.0"),
        ("/predict", {"smiles": ["CCO", 5]}, "smiles.1"),
        ("/predict", {"smiles": ["CCO"], "model": "../../etc"}, "model"),
        ("/predict", {"smiles": ["CCO"], "model": "/etc/passwd"}, "model"),
        ("/predict", {"smiles": ["CCO"], "model": "admit"}, "model"),
        ("/predict", {"smiles": ["CCO"], "odd": 1}, "odd"),
        ("/predict", {}, "smiles"),
        ("/explain", {"smiles": "CCQ", "endpoint": "herg"}, "smiles"),
        ("/explain", {"smiles": "CCO", "endpoint": "hurg"}, "endpoint"),
        ("/profile", {"goals": ["qed max", "os:system max"]}, "goals.1"),
        ("/generate", {"goals": ["program(touch /tmp/owned) max"]}, "goals.0"),
        ("/generate", {"goals": ["novelty(/etc/passwd) max"]}, "goals.0"),
        ("/generate", {"goals": ["qed max"], "docking": [{"receptor": "/etc/passwd"}]}, "docking"),
        ("/generate", {"goals": ["qed max"], "out": "/tmp/elsewhere"}, "out"),
        ("/generate", {"goals": ["qed max"], "models": ["/tmp"]}, "models"),
        ("/generate", {"goals": ["qed max"], "budget": 10**9}, "budget"),
        ("/generate", {"goals": []}, "goals"),
        ("/generate", {"goals": ["qed max"], "start": ["CCO", "C(C"]}, "start.1"),
        ("/generate", {"goals": ["qed max"], "start": ["[Xe]"], "max_similarity": 0.5}, "start.0"),
        ("/generate", {"goals": ["qed max"], "max_similarity": 0.5}, "max_similarity"),
        ("/screen", {"goals": ["qed max"], "smiles": ["C"] * 20_001}, "smiles"),
        ("/screen", {"goals": ["qed max"], "smiles": ["C", "CC"], "names": ["one"]}, "names"),
        ("/screen", {"goals": ["qed max"], "smiles": ["C", "CC"], "columns": {"stock": ["yes"]}}, "columns"),
        ("/screen", {"goals": ["qed max"], "smiles": ["C"], "columns": {"smiles": ["CC"]}}, "columns"),
        ("/screen", {"goals": ["qed max"], "smiles": ["C"], "columns": {"": ["CC"]}}, "columns..[key]"),
        ("/screen", {"goals": ["qed max"], "smiles": ["C"], "threshold": 0}, "threshold"),
    ],
)
def test_malformed_requests_name_the_field(client: httpx.Client, path: str, asked: dict[str, Any], field: str) -> None:
    response = client.post(path, json=asked)
    assert (response.status_code, response.json()["field"]) == (422, field)
    assert "Value error" not in response.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the body is no JSON object"),
        (b"{", "the body is not valid JSON (character 2)"),
        (b"[1, 2]", "the body is no JSON object"),
        (b"[" * 100_000, "error parsing the body"),
        (b"\xff\xfe", "the body is not valid JSON (character 1)"),
        (b'"text"', "the body is no JSON object"),
    ],
)
def test_what_is_no_json_object(client: httpx.Client, content: bytes, said: str) -> None:
    response = client.post("/predict", content=content, headers=JSON)
    assert (response.status_code, response.json()["field"]) == (422, None)
    assert said in response.json()["error"]


def test_nan_is_no_text(client: httpx.Client) -> None:
    response = client.post("/predict", content=b'{"smiles": [NaN]}', headers=JSON)
    assert (response.status_code, response.json()["field"]) == (422, "smiles.0")


def test_too_large_a_request(client: httpx.Client) -> None:
    assert client.post("/predict", content=b" " * (2 * 2**20 + 1), headers=JSON).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/../../etc/passwd/files/hits.csv",
        "/runs/%2e%2e/files/hits.csv",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/%2e%2e/cli/main.py",
        "/static/jsme/../../settings.py",
    ],
)
def test_no_way_to_other_files(live: Live, path: str) -> None:
    request = httpx.Request("GET", live.url)
    request.url = httpx.URL(live.url).copy_with(raw_path=path.encode())  # as it stands, which browsers would tidy up
    with live.open_client() as client:
        response = client.send(request)
    assert response.status_code == 404
    assert "import" not in response.text


def test_what_was_typed_comes_back_as_json_alone(client: httpx.Client) -> None:
    response = client.post("/predict", json={"smiles": [HOSTILE]})
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["rows"][0]["error"]["position"] == 0
    assert client.post("/depict", json={"smiles": [HOSTILE]}).json()["svg"] == [None]
    svg = client.post("/depict", json={"smiles": ["CC |$<script>alert(1)</script>;$|"]}).json()["svg"][0]
    assert svg is None or "<script" not in svg


def test_a_run_from_start_to_download(client: httpx.Client, live: Live) -> None:
    asked = {"goals": GOALS, "budget": 150, "n": 20, "title": HOSTILE, "strategy": "fast"}
    started = client.post("/generate", json=asked)
    assert started.status_code == 202
    run_id = started.json()["id"]
    assert re.fullmatch(r"\d{8}-[0-9a-f]{12}", run_id)
    events = read_events(client, run_id)
    names = [name for name, _ in events]
    assert {"state", "progress", "hits"} <= set(names)
    states = [content["state"] for name, content in events if name == "state"]
    assert states[-1] == "done"
    arrived = [hit for name, content in events if name == "hits" for hit in content]
    assert len({hit["call"] for hit in arrived}) == len(arrived) > 0
    assert all(hit["score"] >= 0.5 for hit in arrived)
    final = client.get(f"/runs/{run_id}").json()
    assert {"hits.csv", "hits.sdf", "profile.toml"} <= set(final["files"])
    hits = client.get(f"/runs/{run_id}/hits", params={"n": 5}).json()["hits"]
    assert len(hits) == 5
    table = client.get(f"/runs/{run_id}/files/hits.csv")
    assert table.text.startswith("rank,smiles,score")
    assert "attachment" in table.headers["content-disposition"]
    assert HOSTILE not in table.headers["content-disposition"]
    assert client.get(f"/runs/{run_id}/files/request.json").status_code == 404
    assert sorted(path.name for path in live.runs.iterdir() if path.is_dir()) == sorted(
        one["id"] for one in list_runs(client)
    )
    assert client.post(f"/runs/{run_id}/stop", json={}).status_code == 422


def test_a_screening(client: httpx.Client) -> None:
    smiles = [*NAMED_DRUGS.values(), "not a molecule", '=cmd|"/c calc"!A0']
    started = client.post("/screen", json={"goals": ["qed max"], "smiles": smiles, "top": 5}).json()
    final = wait_for_state(client, started["id"], ["done", "failed"])
    assert final["state"] == "done", final["message"]
    scores = [float(row["score"]) for row in client.get(f"/runs/{started['id']}/hits").json()["hits"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    rejected = client.get(f"/runs/{started['id']}/files/hits.csv.rejected.csv").text
    assert "not a molecule" in rejected
    report = client.get(f"/runs/{started['id']}/files/hits.csv.report.html").text
    assert "From the library to the hits" in report


def test_a_screening_tells_names_progress_and_funnel(client: httpx.Client) -> None:
    asked = {"smiles": ["CCO", "", "c1ccccc1", "OCC"], "names": ["ethanol", "nothing", "benzene", "the same"]}
    asked |= {"columns": {"stock": ["a", "b", "c", "d"], "score": ["1", "2", "3", "4"]}}
    limits = {"goals": ["logp max"], "must": ["heavy_atoms >= 2"], "threshold": 0.01}
    started = client.post("/screen", json={**asked, **limits}).json()
    final = wait_for_state(client, started["id"], ["done", "failed"])
    assert final["state"] == "done", final["message"]
    hits = client.get(f"/runs/{started['id']}/hits").json()["hits"]
    assert [(hit["name"], hit["stock"]) for hit in hits] == [("benzene", "c"), ("ethanol", "a")]
    assert final["counts"]["rows"] == 4
    assert final["counts"]["hits"] == 2
    assert sum(final["counts"]["rejected"].values()) == 2
    assert final["progress"]["n_done"] == final["progress"]["n_rows"] == 4
    assert not {"smiles", "names", "columns"} & set(final["request"])


def test_the_limits_of_a_library_are_told(client: httpx.Client) -> None:
    limits = client.get("/limits").json()
    asked = {"goals": ["qed max"], "smiles": ["C"] * (limits["molecules"] + 1)}
    assert client.post("/screen", json=asked).status_code == 422
    asked = {"goals": ["qed max"], "smiles": ["C" * (limits["smiles"] + 1)]}
    assert client.post("/screen", json=asked).json()["field"] == "smiles.0"
    assert client.post("/screen", content=b" " * (limits["bytes"] + 1)).status_code in {413, 415}


def test_only_routes_of_the_page_need_no_schema(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/predict", "/explain", "/generate", "/screen", "/runs", "/models"} <= set(paths)
    assert client.get("/docs").status_code == 200


def list_runs(client: httpx.Client) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = client.get("/runs").json()["runs"]
    return runs


def read_events(client: httpx.Client, run_id: str) -> list[tuple[str, Any]]:
    """Return all events until the run has ended."""
    events, name = [], ""
    with client.stream("GET", f"/runs/{run_id}/events") as response:
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    return events
