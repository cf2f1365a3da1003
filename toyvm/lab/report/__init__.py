"""The lab's report: one page, and plots for a paper, made from results as `--json` writes them."""
