"""Images: what is assembled, and what a machine loads."""

from toyvm.image.image import Image
from toyvm.image.model import PF_R, PF_W, PF_X, LineTable, Location, Section, Segment, Symbol

__all__ = ["PF_R", "PF_W", "PF_X", "Image", "LineTable", "Location", "Section", "Segment", "Symbol"]
