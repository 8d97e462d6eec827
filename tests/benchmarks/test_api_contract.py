"""The description of the API is what the API does; the long run of the same is ``make schemathesis``."""

from benchmarks.api_contract import contract_run
from router_core.api.app import PATHS
from router_core.api.openapi import openapi_document

# A part of the paths, of every kind: nothing to send, a body, parameters in the path and in the query.
SOME = "^/(api/llm|api/admin/(accounts|budgets|limits|audit)|livez|readyz|metrics)"


def test_every_path_is_described_with_every_method() -> None:
    described = {(method.upper(), path) for path, found in openapi_document()["paths"].items() for method in found}
    served = {(method, path) for path, actions in PATHS.items() for method in actions}
    assert served == described


def test_everything_that_is_tried_is_answered_as_described() -> None:
    done = contract_run(1, phases=("fuzzing",), options=["--include-path-regex", SOME])
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "Undocumented" not in done.stdout
