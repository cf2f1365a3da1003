"""Files, as everything here reads and writes them: under a bound, and whole or not at all."""
