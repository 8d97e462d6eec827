"""Anthropic's own library, pointed at the router: any model behind it, GPT too.

A program that uses it already needs two settings, ``ANTHROPIC_BASE_URL`` and ``ANTHROPIC_API_KEY``, and no other line.
"""

import os

from anthropic import Anthropic


def main() -> None:
    with Anthropic(base_url=os.environ["SIGNALBOX_URL"], api_key=os.environ["SIGNALBOX_API_KEY"]) as client:
        raw = client.messages.with_raw_response.create(
            model="use-case:summary",
            max_tokens=200,
            messages=[{"role": "user", "content": "Sum up in one sentence: the part is late, we come on Friday."}],
        )
        message = raw.parse()
        print("".join(block.text for block in message.content if block.type == "text"))
        print(f"-- {message.model} by {raw.headers['x-signalbox-provider']}, ${raw.headers['x-signalbox-cost-usd']}")

        with client.messages.stream(
            model="gpt-4o-mini",
            max_tokens=200,
            messages=[{"role": "user", "content": "Name three colours."}],
        ) as stream:
            for text in stream.text_stream:
                print(text, end="", flush=True)
            print(f"\n-- {stream.get_final_message().usage.output_tokens} tokens written")


if __name__ == "__main__":
    main()
