"""The reference: the T64 in plain Python, the readable one of the three meanings and the one that decides."""

from toyvm.reference.machine import ReferenceMachine
from toyvm.reference.stops import Stop

__all__ = ["ReferenceMachine", "Stop"]
