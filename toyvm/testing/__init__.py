"""For tests of virtual machines: random programs, and Hypothesis strategies for them."""
