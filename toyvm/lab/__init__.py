"""The lab: the workloads timed on each technique in one run, and the account of where the time went."""
