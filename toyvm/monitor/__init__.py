"""Monitors written in Python: what they are made of, and one that is whole. `Monitor` is what one derives from."""

from toyvm.host.exit_records import PRIVILEGED, Access, Effect, Exit, Mapping, Space
from toyvm.host.monitored_guest import MonitoredGuest
from toyvm.monitor.monitor import Monitor, Shadow, Vcpu

__all__ = ["PRIVILEGED", "Access", "Effect", "Exit", "Mapping", "Monitor", "MonitoredGuest", "Shadow", "Space", "Vcpu"]
