"""Signalbox beside a peer: CPU time per request and per streamed chunk, measured in one run on one machine."""
