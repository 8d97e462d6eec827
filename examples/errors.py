"""What can go wrong, and what to do about it."""

from router_core.client import LLMRouterAuthError, LLMRouterError, LLMRouterTimeoutError, RouterClient


def ask(client: RouterClient, **changes: object) -> str:
    # What may be asked again was asked again by the client already, twice at most, as the router said.
    try:
        return client.call({"prompt": "Say hello.", **changes}).text
    except LLMRouterAuthError:
        return "the API key is not accepted"
    except LLMRouterTimeoutError as error:
        return f"no answer in time, after {error.facts.attempts} attempts"
    except LLMRouterError as error:
        if error.code == "PAYMENT_REQUIRED":
            return f"the budget is spent: {error.context['budgetStatus']['alerts']}"
        again = f"again in {error.retry_after} s" if error.retryable else "asking again would not help"
        return f"{error.code} ({error.status_code}), {again}; request {error.request_id}"


def main() -> None:
    with RouterClient() as client:
        print(ask(client))
        print(ask(client, modelOverride="no-such-model"))
        print(ask(client, maxTokens=0))
    with RouterClient(api_key="sbx_nobody") as stranger:
        print(ask(stranger))


if __name__ == "__main__":
    main()
