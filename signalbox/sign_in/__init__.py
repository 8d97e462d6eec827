"""Signing people in and out: plain routes that need no Streamlit."""
