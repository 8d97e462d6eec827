"""What happened lately, in memory: counters and latency sketches by minute, and the newest events."""
