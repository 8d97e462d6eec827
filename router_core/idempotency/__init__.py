"""Requests that are sent again under one key are served once."""
