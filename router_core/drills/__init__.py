"""Faults that an operator injects on purpose: a layer in front of the adapters, and what users felt of them."""
