"""The overview's parts: attention banner, tiles, charts, provider strip and recent requests."""
