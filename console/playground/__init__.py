"""The playground's parts: what may be asked, one run of it, and how answer and decision are shown."""
