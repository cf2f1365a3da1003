"""The claims of toyvm, each tried by cases without end: `toyvm verify`."""
