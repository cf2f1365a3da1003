# The shipped system as it is, from the start to the end: no line is added to what it does by itself.
# workload: the operating system's boot
# operation: a machine's whole run: boot, message of the day, prompt, and as the input has ended shutdown; or a context's restart
# repeated: boot
# settling: 32
