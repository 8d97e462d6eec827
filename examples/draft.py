"""A reply, drafted: one call, with everything else from the environment."""

from router_core.client import router_call


def main() -> None:
    answer = router_call(
        {
            "useCase": "draft",
            "systemPrompt": "You write short, friendly business mail. Return the text of the mail alone.",
            "prompt": "Confirm to Ms Alvarez that our technician comes on Tuesday between nine and ten.",
            "maxTokens": 300,
        }
    )
    print(answer.text)
    print(f"-- {answer.model}, ${answer.cost.usd}, {answer.latency_ms:.0f} ms")


if __name__ == "__main__":
    main()
