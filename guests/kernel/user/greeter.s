# greeter: says hello, its id and its argument.

program greeter
    mv   s0, a0
    sys  getpid
    mv   s1, a0
    line_begin
    line_text "greeter: hello from process "
    line_number s1
    line_text ", argument "
    line_number s0
    line_text "\n"
    line_end
    li   a0, 0
    sys  exit
program_end greeter
