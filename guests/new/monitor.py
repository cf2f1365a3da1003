"""NAME: a monitor in Python, which counts the exits of its guest by reason.

python NAME.py                                            runs a kernel under it
toyvm lab syscall --technique bare,trap,NAME.py:Counting  times it beside the one in C

`toyvm docs monitors` says what one is made of; toyvm/monitor/trap_and_emulate.py is what this one derives from.
"""

from collections import Counter

from toyvm import Host, load_program
from toyvm.monitor.trap_and_emulate import TrapAndEmulate


class Counting(TrapAndEmulate):
    """Popek and Goldberg's monitor, and a count of what it is asked to do."""

    def __init__(self, guest):
        super().__init__(guest)
        self.counts = Counter()

    def handle(self, exit):
        """An exit: the guest stands at exit.pc, and nothing of the instruction has happened yet."""
        self.counts[exit.reason] += 1
        super().handle(exit)

    def enter(self):
        """The guest is about to go on: an interrupt that is due is delivered, and the address space chosen."""
        super().enter()


if __name__ == "__main__":
    with Host() as host, host.guest(memory="2M", monitor=Counting) as guest:
        guest.load(load_program("kernel"))
        print(guest.run())
        for reason, count in guest.monitor.counts.most_common():
            print(f"{count:8}  {reason}")
