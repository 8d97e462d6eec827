"""OpenTelemetry: requests as traces and metrics in the GenAI semantic conventions; an optional extra."""
