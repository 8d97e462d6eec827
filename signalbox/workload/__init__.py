"""Traffic: recorded traces to replay, and made-up traffic that follows their figures."""
