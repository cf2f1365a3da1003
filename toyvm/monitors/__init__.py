"""Monitors written in Python on toyvm.monitor: examples to read, and to start from."""
