"""Console and disk as the host handles them: asked for input, drained, detached."""

from __future__ import annotations

from support.cores import ENTRY, NOWHERE, Core, word

from toyvm.native import lib

ECHO = (
    word("in", 5, "console_in"),
    word("blt", 5, 0, 3),
    word("out", "console_out", 5),
    word("jal", 0, -3),
    word("out", "power", 0),
)


def test_a_stream_is_asked_for_when_the_guest_reads() -> None:
    core = Core(*ECHO)
    assert core.run() == lib.T64_STOP_INPUT
    assert (core.state.pc, core.state.retired) == (ENTRY, 0)
    assert core.input(b"ab") == 2
    assert core.run() == lib.T64_STOP_INPUT
    assert core.output() == b"ab"
    core.input(b"", end=True)
    assert core.run() == lib.T64_STOP_EXIT
    assert core.state.x[5] == NOWHERE - 1


def test_input_in_pieces_is_no_different_from_input_at_once() -> None:
    whole, pieces = Core(*ECHO), Core(*ECHO)
    whole.input(b"some text", end=True)
    whole.run()
    for byte in b"some text":
        assert pieces.run() == lib.T64_STOP_INPUT
        pieces.input(bytes([byte]))
    pieces.input(b"", end=True)
    pieces.run()
    assert whole.output() == pieces.output() == b"some text"
    assert whole.state.retired == pieces.state.retired


def test_a_terminal_without_bytes_says_so() -> None:
    core = Core(word("in", 5, "console_in"), word("in", 6, "console_stat"))
    lib.t64_vm_input_mode(core.vm, lib.T64_INPUT_LIVE)
    core.run(2)
    assert (core.state.x[5], core.state.x[6]) == (NOWHERE, 0)


def test_a_terminal_s_wait_is_the_host_s_to_sleep_through() -> None:
    core = Core(word("wfi"), word("addi", 5, 0, 1))
    lib.t64_vm_input_mode(core.vm, lib.T64_INPUT_LIVE)
    core.set_cr("imask", 3)
    core.set_cr("timecmp", 5000)
    assert core.run(10) == lib.T64_STOP_WAIT
    assert (core.state.pc, core.state.retired) == (ENTRY, 0)
    event = lib.t64_vm_next_event(core.vm)
    assert (event.comes, event.time) == (1, 5000)
    lib.t64_vm_skip(core.vm)
    core.run(1)
    assert core.cr("time") == 5000


def test_a_byte_ends_a_terminal_s_wait_without_skipping_time() -> None:
    core = Core(word("wfi"))
    lib.t64_vm_input_mode(core.vm, lib.T64_INPUT_LIVE)
    core.set_cr("imask", 2)
    assert core.run(1) == lib.T64_STOP_WAIT
    core.input(b"x")
    assert core.run(1) == lib.T64_STOP_LIMIT
    assert core.cr("time") == 1


def test_a_full_output_buffer_stops_and_loses_nothing() -> None:
    core = Core(word("out", "console_out", 5), word("addi", 5, 5, 1), word("jal", 0, -2))
    taken = b""
    while len(taken) < 40_000:
        assert core.run() == lib.T64_STOP_OUTPUT
        taken += core.output()
    assert taken == bytes(n & 255 for n in range(len(taken)))


def read_sector(core: Core, sector: int) -> None:
    core.state.x[5], core.state.x[6] = sector, 1


READ = (word("out", "disk_sector", 5), word("out", "disk_command", 6), word("in", 7, "disk_status"), word("wfi"))
READ += (word("in", 8, "disk_status"), word("in", 9, "disk_data"), word("in", 10, "disk_data"))


def test_a_disk_command_completes_after_its_latency() -> None:
    core = Core(*READ, latency=50)
    core.attach(bytearray(range(256)) * 4)
    core.set_cr("imask", 4)
    read_sector(core, 1)
    core.run(7)
    assert (core.state.x[7], core.state.x[8]) == (1, 2)
    assert core.cr("time") == 2 + 50 + 3
    assert core.state.x[10] == int.from_bytes(bytes(range(8, 16)), "little")


def test_a_sector_that_does_not_exist_fails() -> None:
    for sector in (2, NOWHERE, 1 << 55):
        core = Core(*READ)
        core.attach(bytearray(1024))
        core.set_cr("imask", 4)
        read_sector(core, sector)
        core.run(7)
        assert core.state.x[8] == 6


def test_a_written_sector_reaches_the_host_s_memory_at_completion() -> None:
    disk = bytearray(1024)
    core = Core(word("out", "disk_data", 5), word("out", "disk_command", 6), latency=3)
    core.write(ENTRY + 8, word("fence").to_bytes(4, "little") * 8)
    core.attach(disk)
    core.state.x[5], core.state.x[6] = 0x0102030405060708, 2
    core.run(4)
    assert not any(disk)
    assert not lib.t64_vm_disk_dirty(core.vm)
    core.run(5)
    assert disk[:9] == bytes((8, 7, 6, 5, 4, 3, 2, 1, 0))
    assert lib.t64_vm_disk_dirty(core.vm)


def test_a_read_only_disk_is_never_written() -> None:
    disk = bytearray(512)
    core = Core(word("out", "disk_data", 5), word("out", "disk_command", 6), word("wfi"), word("in", 7, "disk_status"))
    core.attach(disk, writable=False)
    core.set_cr("imask", 4)
    core.state.x[5], core.state.x[6] = 1, 2
    core.run(4)
    assert (core.state.x[7], any(disk)) == (6, False)


def test_the_clock_is_its_base_plus_time() -> None:
    core = Core(word("fence"), word("in", 5, "clock"))
    core.run(2)
    assert core.state.x[5] == 7 + 1


def test_switching_off_is_final() -> None:
    core = Core(word("out", "power", 5))
    core.state.x[5] = 42
    assert core.run() == lib.T64_STOP_EXIT
    assert core.run() == lib.T64_STOP_EXIT
    assert (lib.t64_vm_stop_info(core.vm).exit_code, core.state.retired) == (42, 1)


def test_each_wait_with_a_terminal_is_the_host_s_to_sleep_through() -> None:
    """What the host allowed one of them the next one has to ask for again."""
    wait = (word("crw", "timecmp", 5), word("wfi"), word("addi", 5, 5, 1000))
    core = Core(*wait, *wait, *wait)
    lib.t64_vm_input_mode(core.vm, lib.T64_INPUT_LIVE)
    core.set_cr("imask", 1)
    core.state.x[5] = 5000
    for number in range(3):
        assert core.run(100) == lib.T64_STOP_WAIT
        assert core.state.retired == 3 * number + 1
        lib.t64_vm_skip(core.vm)
    core.run(9)
    assert core.state.retired == 9
