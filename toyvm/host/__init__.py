"""Hosts: many guests on one machine that a monitor owns, by turns and by their shares."""
