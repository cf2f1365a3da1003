# The shipped system as it is, from the start to the end: no line is added to what it does by itself.
# workload: the operating system's boot
# operation: a machine's whole run: boot, the message of the day, the prompt, and as the input has ended shutdown
# repeated: boot
