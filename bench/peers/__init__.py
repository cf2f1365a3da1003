"""The engines beside their peers, and what they are held to: `python bench/peers`."""
