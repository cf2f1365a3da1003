"""The ported kernel follows the target that its host sets for its memory, and tells the same story."""

from __future__ import annotations

import pytest
from support.guest_runs import GUESTS, TESTS, image_of

from toyvm.host.host import Host
from toyvm.native import lib

KERNEL = GUESTS / "kernel" / "kernel.s"
STORY = (TESTS / "guests" / "kernel_output.txt").read_bytes()
PAGES = 4096  # of 16 MiB


@pytest.mark.parametrize("least", [3000, 2000])
def test_the_kernel_gives_memory_back_and_gets_it_again(least: int) -> None:
    with Host("64M") as host, host.guest("para", "16M") as guest:
        guest.load(image_of(KERNEL, "para"))
        free = host.frames_free
        guest.run(200_000)
        for target in (least, PAGES - 100, least + 50):
            guest.balloon_target = target
            guest.run(150_000)
            assert guest.reservation == target
            assert host.frames_free == free + PAGES - target
            assert lib.t64_guest_audit(guest.vm) == lib.T64_OK
        outcome = guest.run()
        assert (outcome.stop, outcome.exit_code) == ("exit", 0)
        assert guest.output == STORY


def test_the_kernel_keeps_what_it_needs() -> None:
    with Host("64M") as host, host.guest("para", "16M") as guest:
        guest.load(image_of(KERNEL, "para"))
        guest.run(100_000)
        guest.balloon_target = 0
        outcome = guest.run()
        assert (outcome.stop, outcome.exit_code) == ("exit", 0)
        assert guest.output.endswith(b"kernel: every page came back\n")
        assert guest.reservation < PAGES // 4
