"""The health board's parts: banners, tiles, provider cards, dialogs, timeline and drills."""
