"""A suggested price as data: the answer has to fit a JSON schema."""

import json

from router_core.client import RouterClient

SUGGESTION = {
    "type": "object",
    "properties": {
        "lowUsd": {"type": "number"},
        "highUsd": {"type": "number"},
        "reason": {"type": "string"},
    },
    "required": ["lowUsd", "highUsd", "reason"],
    "additionalProperties": False,
}


def main() -> None:
    request = {
        "useCase": "general",
        "prompt": "Suggest a price range for replacing a 50 gallon water heater in Austin, parts and labour.",
        "temperature": 0,
        "responseFormat": {"type": "json_schema", "name": "suggestion", "schema": SUGGESTION},
        # The same question within the hour costs nothing.
        "cache": {"ttlSeconds": 3600},
    }
    with RouterClient() as client:
        suggestion = json.loads(client.call(request).text)
    print(f"${suggestion['lowUsd']:,.0f} to ${suggestion['highUsd']:,.0f}: {suggestion['reason']}")


if __name__ == "__main__":
    main()
