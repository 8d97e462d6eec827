"""The same request as a command line, with the key left to the environment."""

import shlex
from urllib.parse import urlsplit

import msgspec

from router_core.types import LLMRequest

__all__ = ["curl_command"]

MAX_IMAGE_CHARS = 120


def curl_command(request: LLMRequest, page_url: str) -> str:
    """Return a ``curl`` command that sends ``request`` to the server of ``page_url``.

    Long images are shortened to keep it readable, and a first line says so.
    """
    page = urlsplit(page_url)
    target = f"{page.scheme}://{page.netloc}/api/llm"
    cut = any(len(image) > MAX_IMAGE_CHARS for image in request.images)
    note = "# Images are shortened here: put the whole data URLs back before you run this.\n" if cut else ""
    body = msgspec.to_builtins(request)
    if request.images:
        body["images"] = [_shortened(image) for image in request.images]
    text = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    return (
        f"{note}curl -N {shlex.quote(target)} \\\n"
        '  -H "Authorization: Bearer $SIGNALBOX_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(text)}"
    )


def _shortened(image: str) -> str:
    return image if len(image) <= MAX_IMAGE_CHARS else f"{image[:MAX_IMAGE_CHARS]}..."
