"""Monitors written in Python: what they are made of, and one that is whole. `Monitor` is what one derives from."""

from toyvm.monitor.monitor import PRIVILEGED, Access, Effect, Exit, Mapping, Monitor, Shadow, Space, Vcpu

__all__ = ["PRIVILEGED", "Access", "Effect", "Exit", "Mapping", "Monitor", "Shadow", "Space", "Vcpu"]
