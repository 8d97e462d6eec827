"""Tools of servers elsewhere, over the Model Context Protocol."""
