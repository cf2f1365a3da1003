# A line of a script, again and again.
# workload: a shell's line
# operation: a line with a pipeline of three programs, which are forked and executed, and a file that is written anew
# settling: 32

ls /bin | grep s | wc -l > /tmp/count || shutdown 1
