"""`toyvm host`: the command, its screen, its table, and what may be typed while it runs."""
