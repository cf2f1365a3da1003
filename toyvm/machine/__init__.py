"""A machine that you hold: bare, or a guest's; its state, devices and files, running it, and what comes of that."""
