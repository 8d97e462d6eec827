"""Anthropic's protocol in front of every model: ``/v1/messages`` and ``/v1/messages/count_tokens``."""
