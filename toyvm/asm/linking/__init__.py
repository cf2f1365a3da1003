"""Linking: sections get their places, symbols their addresses, and an image comes of them."""
