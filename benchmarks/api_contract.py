"""Tries everything that the description of the API allows, and what it does not, with all checks of schemathesis.

``python -m benchmarks.api_contract --cases 1000`` serves the whole interface over a store of its own, and
runs ``schemathesis`` against it, every operation with so many generated cases after the systematic ones. It ends with
1 when anything was found. With ``--only`` it takes the operations whose paths match.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.contract_server import OURS, contract_server

__all__ = ["contract_run"]

# What is right in form may be wrong in meaning, and is 400 too. Credentials are ours alone.
CONFIGURATION: Final = """
[generation]
with-security-parameters = false
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "402", "403", "404", "409", "422", "429", "5xx"]
"""
PHASES: Final = ("examples", "coverage", "fuzzing")


def contract_run(
    cases: int, *, phases: Sequence[str] = PHASES, seed: int = 1, options: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run all checks with ``cases`` for each operation and return what schemathesis said."""
    with tempfile.TemporaryDirectory() as folder, contract_server(Path(folder) / "data") as server:
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(CONFIGURATION)
        return subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(configuration),
                "run", f"{server.url}/api/openapi.json", "--checks", "all", "--phases", ",".join(phases),
                "--max-examples", str(cases), "--seed", str(seed), "--header", f"Authorization: {OURS.decode()}",
                "--suppress-health-check", "all", "--continue-on-failure", "--no-shrink", "--wait-for-schema", "20",
                "--request-timeout", "30", *options,
            ],
            cwd=folder, env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"}, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def main() -> None:
    """Run, print what was said, and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    options = ["--workers", str(given.workers), *(["--include-path-regex", given.only] if given.only else [])]
    began = time.monotonic()
    done = contract_run(given.cases, seed=given.seed, options=options)
    print(done.stdout)
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
