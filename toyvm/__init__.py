"""toyvm: a virtualization laboratory."""
