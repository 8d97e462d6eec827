"""Rate limits: buckets in memory or in Redis, and what one request takes out of them."""
