"""The one way out of the process: which addresses and places a connection may lead to."""
