"""The file system of the operating system (`guests/os`), as the host makes, reads, checks and mends it."""
