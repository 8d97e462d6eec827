"""OpenAI's own library, pointed at the router: any model behind it, Claude too.

A program that uses it already needs two settings, ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY``, and no other line.
"""

import os

from openai import OpenAI


def main() -> None:
    url, key = os.environ["SIGNALBOX_URL"], os.environ["SIGNALBOX_API_KEY"]
    with OpenAI(base_url=f"{url}/v1", api_key=key) as client:
        # A model's name, a provider's name, or a use case: the router then chooses.
        raw = client.chat.completions.with_raw_response.create(
            model="use-case:draft",
            messages=[{"role": "user", "content": "Thank a customer for a good review, in one sentence."}],
            max_completion_tokens=200,
        )
        completion = raw.parse()
        print(completion.choices[0].message.content)
        print(f"-- {completion.model} by {raw.headers['x-signalbox-provider']}, ${raw.headers['x-signalbox-cost-usd']}")

        stream = client.chat.completions.create(
            model="claude-haiku-4-5",
            messages=[{"role": "user", "content": "Name three colours."}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            if chunk.choices:
                print(chunk.choices[0].delta.content or "", end="", flush=True)
            elif chunk.usage:
                print(f"\n-- {chunk.usage.total_tokens} tokens")


if __name__ == "__main__":
    main()
