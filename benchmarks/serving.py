"""How fast does the server predict one molecule, alone and for fifty clients at once?

Each client sends its next request when it has the answer to the last one. The clients of one run have addresses of
their own (127.0.0.2, ...), as the users of a server have; the molecules are real ones, another one each time.

    python -m benchmarks.serving
"""

import argparse
import asyncio
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np

from benchmarks.harness import ROOT, write_result

PORT = 8799
START_SECONDS = 300.0


def load_molecules() -> list[str]:
    """Return molecules that the model has learned from, in a random order."""
    from moldesign.predictors.bundled import load_predictor  # noqa: PLC0415

    smiles = load_predictor("admet").domain.smiles
    return [smiles[row] for row in np.random.default_rng(0).permutation(len(smiles))[:5000].tolist()]


async def put_under_load(
    url: str, *, n_clients: int, seconds: float, molecules: list[str] | None = None
) -> dict[str, Any]:
    """Return requests, errors and latencies in ms of clients that ask for `seconds`."""
    supply = itertools.cycle(molecules or load_molecules())
    latencies: list[list[float]] = [[] for _ in range(n_clients)]
    errors: list[str] = []
    end = time.monotonic() + seconds

    async def ask(k: int) -> None:
        transport = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{k + 2}")
        async with httpx.AsyncClient(base_url=url, transport=transport, timeout=60.0) as client:
            while time.monotonic() < end:
                began = time.perf_counter()
                try:
                    response = await client.post("/predict", json={"smiles": [next(supply)]})
                    if response.status_code != 200 or response.json()["rows"][0]["error"]:
                        errors.append(f"{response.status_code} {response.text[:200]}")
                except httpx.HTTPError as error:
                    errors.append(repr(error))
                latencies[k].append(1000 * (time.perf_counter() - began))

    await asyncio.gather(*(ask(k) for k in range(n_clients)))
    every = [latency for own in latencies for latency in own]
    p50, p95 = np.percentile(every, [50, 95]).tolist()
    return {
        "clients": n_clients,
        "requests": len(every),
        "errors": len(errors),
        "clients_answered": sum(len(own) > 0 for own in latencies),
        "requests_per_s": len(every) / seconds,
        "p50_ms": p50,
        "p95_ms": p95,
        "first_error": errors[0] if errors else None,
    }


@contextmanager
def serve() -> Iterator[str]:
    """Start the server as a user does, but for the rate, which a single client that never pauses would exceed."""
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "moldesign", "serve", "--port", str(PORT), "--runs", folder, "--rate", "1000")
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            url = f"http://127.0.0.1:{PORT}"
            _wait(url, process)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"the server did not answer within {START_SECONDS:g} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    molecules = load_molecules()
    with serve() as url:
        asyncio.run(put_under_load(url, n_clients=1, seconds=5.0, molecules=molecules))  # caches
        rows = {
            label: asyncio.run(put_under_load(url, n_clients=n, seconds=seconds, molecules=molecules))
            for label, n in (("one client", 1), ("50 clients", 50))
        }
    print(json.dumps(rows, indent=1))
    first_errors = {label: row.pop("first_error") for label, row in rows.items()}
    write_result("serving", rows, seed=0, extra={"seconds": seconds, "first_error": first_errors, "workers": 2})


if __name__ == "__main__":
    main()
