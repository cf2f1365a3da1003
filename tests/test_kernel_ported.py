"""The ported kernel uses what its interface offers: events for its interrupts."""

from __future__ import annotations

from guest_runs import GUESTS, TESTS, image_of

from toyvm.host import Host

KERNEL = GUESTS / "kernel.s"
STORY = (TESTS / "guests" / "kernel_output.txt").read_bytes()


def test_timer_and_console_come_over_event_channels() -> None:
    with Host("64M") as host, host.guest("para", "16M", input=b"a line\n") as guest:
        guest.load(image_of(KERNEL, "para"))
        outcome = guest.run()
        assert (outcome.stop, outcome.exit_code) == ("exit", 0)
        assert guest.hypercalls["event_bind_virq"] == 2
        assert b"echo: a line\n" in guest.output
        assert b"kernel: processes were preempted\n" in guest.output
