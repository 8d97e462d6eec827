"""What is wrong between us and a provider stays there: a client sees a service that is not available."""

import httpx2
import pytest

from router_core.errors import InvalidAPIKeyError, LLMError, MaxRetriesExceededError, QuotaExceededError
from tests.support.api_server import ApiRig

REFUSED_KEY = InvalidAPIKeyError("Incorrect API key provided: sk-1234", provider="openai-gpt4o", upstream_status=401)
NO_MONEY = QuotaExceededError(
    "You exceeded your current quota, please check your plan", provider="openai-gpt4o", upstream_status=429
)


@pytest.mark.parametrize("trouble", [REFUSED_KEY, NO_MONEY])
def test_a_refused_key_or_an_empty_account_of_ours_is_503_without_a_word_about_it(
    trouble: LLMError, rig: ApiRig, http: httpx2.Client
) -> None:
    rig.router.error = trouble
    answer = http.post("/api/llm", json={"prompt": "x"}, headers=rig.bearer())
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (503, "PROVIDER_UNAVAILABLE", True)
    assert int(answer.headers["retry-after"]) >= 1
    assert trouble.message not in answer.text
    assert "openai" not in answer.text


@pytest.mark.parametrize("trouble", [REFUSED_KEY, NO_MONEY])
def test_a_stream_that_breaks_for_it_says_nothing_about_it(trouble: LLMError, rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.error = trouble
    answer = http.post("/api/llm", json={"prompt": "x", "stream": True}, headers=rig.bearer())
    assert answer.status_code == 200
    assert '"type":"error"' in answer.text
    assert trouble.message not in answer.text


@pytest.mark.parametrize("trouble", [REFUSED_KEY, NO_MONEY])
def test_as_the_last_error_of_many_it_is_named_alike(trouble: LLMError, rig: ApiRig, http: httpx2.Client) -> None:
    rig.router.error = MaxRetriesExceededError(3, trouble)
    answer = http.post("/api/llm", json={"prompt": "x"}, headers=rig.bearer())
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["attempts"]) == (500, "MAX_RETRIES_EXCEEDED", 3)
    assert error["lastError"] == {"code": "PROVIDER_UNAVAILABLE", "status": 503}
    assert trouble.message not in answer.text
