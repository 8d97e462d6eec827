"""The same request as a command line, with the key left to the environment."""

import shlex

import msgspec

from router_core.types import LLMRequest

__all__ = ["curl_command"]

MAX_IMAGE_CHARS = 120


def curl_command(request: LLMRequest, base_url: str) -> str:
    """Return a ``curl`` command that sends ``request``; long images are shortened to keep it readable."""
    body = msgspec.to_builtins(request)
    if request.images:
        body["images"] = [_shortened(image) for image in request.images]
    text = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    return (
        f"curl -N {shlex.quote(base_url.rstrip('/') + '/api/llm')} \\\n"
        '  -H "Authorization: Bearer $SIGNALBOX_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(text)}"
    )


def _shortened(image: str) -> str:
    return image if len(image) <= MAX_IMAGE_CHARS else f"{image[:MAX_IMAGE_CHARS]}..."
