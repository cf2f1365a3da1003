"""Directives: what a source says that is no instruction."""
