"""The copied command is one that works."""

from console.playground.curl import MAX_IMAGE_CHARS, curl_command
from router_core.types import LLMRequest


def test_the_command_asks_the_api_whatever_page_it_was_copied_from():
    """The page's own path and query are left out."""
    command = curl_command(LLMRequest(prompt="hi"), "http://127.0.0.1:8501/playground?playground_by=Model")
    assert "curl -N http://127.0.0.1:8501/api/llm " in command


def test_a_shortened_image_is_announced():
    """A cut data URL would be refused or, worse, be another picture."""
    image = "data:image/png;base64," + "A" * MAX_IMAGE_CHARS
    command = curl_command(LLMRequest(prompt="hi", images=(image,)), "https://box.example/playground")
    assert command.startswith("# Images are shortened")
    assert image not in command
