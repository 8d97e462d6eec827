"""The router, and what a program did before there was one: for moving over without a gap.

``USE_LLM_ROUTER=false`` goes straight to the second way, without a request and without a router.
"""

from router_core.client import LLMRouterError, RouterClient


def call_the_vendor_directly() -> str:
    """Stand for the code that is there already, such as a call with the vendor's own library."""
    return "(answered without the router)"


def main() -> None:
    with RouterClient() as client:
        if not client.health_check():
            print("-- the router, or one of its providers, is not healthy")
        answer = client.call_with_fallback({"useCase": "draft", "prompt": "Say hello."}, call_the_vendor_directly)
        print(answer if isinstance(answer, str) else answer.text)

        # A refusal is no failure: what is wrong with the request would be wrong elsewhere too.
        try:
            client.call_with_fallback({"prompt": "Say hello.", "temperature": 9}, call_the_vendor_directly)
        except LLMRouterError as error:
            print(f"-- refused: {error.code}, {error.message}")


if __name__ == "__main__":
    main()
