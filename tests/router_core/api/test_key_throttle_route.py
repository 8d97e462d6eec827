"""Twenty bad keys a minute from one address, and who still gets in."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.api_server import ApiRig, api_rig


@pytest.fixture(scope="module")
def strict() -> Iterator[ApiRig]:
    with api_rig(bad_keys=20) as made:
        yield made


def test_the_twenty_first_bad_key_is_429_and_a_key_in_use_gets_in_all_the_same(strict: ApiRig) -> None:
    with httpx2.Client(base_url=strict.url, trust_env=False) as http:
        assert http.post("/api/llm", json={"prompt": "x"}, headers=strict.bearer()).status_code == 200
        spoofed = [{"x-forwarded-for": f"203.0.113.{number}"} for number in range(23)]
        bad = {"x-api-key": f"sbx_{'0' * 16}_{'x' * 43}"}
        answers = [http.post("/api/llm", json={"prompt": "x"}, headers=bad | each) for each in spoofed]
        assert [each.status_code for each in answers] == [401] * 20 + [429] * 3
        assert answers[-1].json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert http.post("/api/llm", json={"prompt": "x"}, headers=strict.bearer()).status_code == 200
        assert http.post("/api/llm", json={"prompt": "x"}).status_code == 401, "no key is no bad key"
