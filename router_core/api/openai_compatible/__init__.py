"""OpenAI's protocol in front of every model: ``/v1/chat/completions`` and ``/v1/models``."""
