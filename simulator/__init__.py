"""Simulated OpenAI and Anthropic servers: a process of its own that imports nothing of the router."""
