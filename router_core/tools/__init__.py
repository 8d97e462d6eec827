"""Tools of models: their formats at each vendor, those that run here, and how one is run."""
