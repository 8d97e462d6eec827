"""Telling people: what is said, over which channels, and the delivery that does not give up too soon."""
