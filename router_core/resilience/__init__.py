"""What keeps a caller from noticing that a provider fails: circuit breaker, retry, deadline."""
