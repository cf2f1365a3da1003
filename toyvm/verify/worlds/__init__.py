"""Small worlds, exhaustively, on the real core: no path of so many actions violates isolation, or equality."""
