"""A morning briefing out of facts that a program has at hand, and why the router chose who wrote it."""

import json

from router_core.client import create_router_client

TODAY = {
    "appointments": [
        {"at": "09:00", "customer": "Alvarez", "job": "boiler, yearly service"},
        {"at": "11:30", "customer": "Okafor", "job": "leak under the sink, second visit"},
    ],
    "openInvoices": [{"customer": "Okafor", "usd": 420, "daysLate": 21}],
}


def main() -> None:
    # A client keeps its connection: make one, and use it for many calls.
    with create_router_client(timeout=30) as client:
        request = {
            "useCase": "complex",
            "systemPrompt": "You brief a technician before the day begins: what matters first, three lines at most.",
            "messages": [{"role": "user", "content": json.dumps(TODAY)}],
            "metadata": {"screen": "briefing"},  # found again in the audit log
            "explain": True,
        }
        answer, facts = client.call_with_facts(request)
    print(answer.text)
    for each in answer.decision.considered if answer.decision else ():
        print(f"-- {each.provider}: {each.reason}")
    print(f"-- request {facts.request_id}, limits left: {[(limit.name, limit.left) for limit in facts.limits]}")


if __name__ == "__main__":
    main()
