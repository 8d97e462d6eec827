"""An answer, shown while it is made; and one that is left early, which ends the call at the provider too."""

from router_core.client import RouterClient

REQUEST = {"useCase": "general", "prompt": "Tell the story of the first signal box, in five sentences."}
ENOUGH = 40


def main() -> None:
    with RouterClient() as client:
        stream = client.stream(REQUEST)
        for text in stream.texts():
            print(text, end="", flush=True)
        if stream.response is not None:
            print(f"\n-- {stream.response.usage.completion_tokens} tokens, ${stream.response.cost.usd}")

        # Leaving the block closes the stream: nothing more is made, and nothing more is paid.
        shown = ""
        with client.stream(REQUEST) as stream:
            for text in stream.texts():
                shown += text
                if len(shown) > ENOUGH:
                    break
        print(f"-- left after {shown[:ENOUGH]!r}")


if __name__ == "__main__":
    main()
