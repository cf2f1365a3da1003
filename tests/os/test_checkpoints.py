"""Checkpoints: a context goes on from one as if nothing had been, wherever; damaged and forged ones do no harm."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from support.checkpoints import (
    HEAD,
    Mode,
    begun,
    file_of,
    is_whole,
    left,
    named_places,
    places_of,
    run,
    sealed,
    uninterrupted,
)
from support.os_runs import KERNEL, LIMIT

from toyvm.filesystem.volume import Volume
from toyvm.machine.outcome import Stop
from toyvm.programs import load_program
from toyvm.testing.techniques import EVERY

LONGEST = 9_000_000  # ns that the context runs
EINVAL = "22"
DEFAULT_CAPABILITIES = 0x405FF
TIMES = {Mode.SAME: 1, Mode.OTHER: 1, Mode.BOTH: 2, Mode.GO_ON: 1}


@pytest.mark.parametrize("mode", TIMES)
@pytest.mark.parametrize("technique", EVERY)
def test_a_context_goes_on_from_its_checkpoint_as_if_nothing_had_been(technique: str, mode: Mode) -> None:
    random = Random(f"{technique} {mode}")
    for _ in range(10 if technique == "bare" else 3):
        delay = random.randrange(1000, LONGEST)
        assert run(delay, mode, technique).output in (
            uninterrupted() * TIMES[mode] + "ok\n",
            uninterrupted() + "ok\n",  # it had ended
        ), delay


@pytest.mark.parametrize(("first", "second"), [("bare", "bare"), ("bare", "para"), ("para", "trap"), ("trap", "bare")])
def test_a_context_goes_on_in_another_machine_of_any_technique(first: str, second: str) -> None:
    random = Random(f"{first} {second}")
    for _ in range(3):
        delay = random.randrange(500_000, LONGEST // 2)
        assert run(0, Mode.TAKE_UP, second, left(delay, first)).output == uninterrupted() + "ok\n", delay


def test_who_sleeps_sleeps_on_for_what_is_left() -> None:
    with begun(2_000_000, Mode.SAME, hindrance=4) as machine:
        assert machine.run(LIMIT).exit_code == 0
        microseconds = int(machine.output.split()[0])
    assert 2_500 < microseconds < 3_500  # of 5,000


@pytest.mark.parametrize("mode", TIMES)
def test_a_write_with_a_part_taken_in_goes_on_behind_it(mode: Mode) -> None:
    with begun(2_000_000, mode, hindrance=5) as machine:
        assert machine.run(LIMIT).exit_code == 0
        assert machine.output.decode() == f"{3 << 8}\n" * TIMES[mode] + "ok\n"  # its status


@pytest.mark.parametrize(
    ("hindrance", "reason"),
    [
        (1, "a file without a name is open"),
        (2, "a pipe leads out of it"),
        (3, "a file outside is open"),
    ],
)
def test_what_cannot_be_carried_is_refused_with_its_reason(hindrance: int, reason: str) -> None:
    with begun(1_000_000, Mode.SAME, hindrance=hindrance) as machine:
        assert machine.run(LIMIT).exit_code == 1
        lines = machine.output.decode().splitlines()
    assert lines[-2:] == [f"1: {reason}", "CHECKPOINT: 18"]


def test_a_file_that_is_another_one_now_is_refused_by_its_path() -> None:
    files = left(5_000_000)
    assert files["written"]
    with begun(0, Mode.TAKE_UP, files=files | {"written": files["written"] + b"more"}) as machine:
        assert machine.run(LIMIT).exit_code == 1
        lines = machine.output.decode().splitlines()
    assert lines[-2:] == ["1: not the file that it was: /out", "RESTORE: 116"]


def test_a_damaged_checkpoint_is_refused_and_leaves_nothing() -> None:
    random, files = Random(1), left(3_000_000)
    image = files["image"]
    assert is_whole(image)
    damaged = [b"", image[:HEAD], image[:-8], image + bytes(8), image[:-1], bytes(len(image))]
    for _ in range(6):
        place = random.randrange(len(image) * 8)
        changed = bytearray(image)
        changed[place // 8] ^= 1 << place % 8
        damaged.append(bytes(changed))
    for other in damaged:
        assert run(0, Mode.TRY, files=files | {"image": other}).output == f"{EINVAL}\nok\nok\n"


@pytest.mark.parametrize("seed", range(6))
def test_a_forged_checkpoint_gives_an_error_or_a_context_that_can_be_stopped(seed: int) -> None:
    random, files = Random(seed), left(random_delay(seed))
    image = files["image"]
    for _ in range(6):
        output = run(2_000_000, Mode.TRY, files=files | {"image": forged(image, random)}).output
        error, *rest = output.splitlines()
        assert error.isdigit(), output
        assert rest[-2:] == ["ok", "ok"], output


KERNEL_ADDRESS = 0xFFFFFFC000100000
CANNOT_BE = [
    ("bytes of a pipe", 4097),
    ("object of a file", 1 << 40),
    ("parent", 30_000),
    ("niceness", 20),
    ("umask and groups", 17 << 32),
    ("descriptor", 65),
    ("file of a descriptor", 1000),
    ("begin of a region", 0x1000),
    ("begin of a region", 0x10000),
    ("end of a region", KERNEL_ADDRESS),
    ("rights", 0xFF),
    ("inode of a region", 900),
    ("address of a page", KERNEL_ADDRESS),
    ("address of a page", 0x3FC0000000),
    ("number of a page", 1 << 20),
]


@pytest.mark.parametrize(("name", "value"), CANNOT_BE)
def test_what_cannot_be_is_invalid(name: str, value: int) -> None:
    """Wherever it stands; in the last of a kind other processes are there already."""
    files = left(3_000_000)
    image = files["image"]
    places = named_places(image)[name]
    places = [place for place in places if any(image[place : place + 8])] or places
    for place in {places[min(1, len(places) - 1)], places[-1]}:
        changed = image[:place] + value.to_bytes(8, "little") + image[place + 8 :]
        assert run(0, Mode.TRY, files=files | {"image": sealed(changed)}).output == f"{EINVAL}\nok\nok\n", place


def test_a_page_that_is_there_twice_is_invalid() -> None:
    files = left(3_000_000)
    image = files["image"]
    first, second = next(
        (one, other)
        for one, other in pairwise(named_places(image)["address of a page"])
        if image[one] & image[other] & 1 and other - one == 16 + 4096
    )
    changed = image[:second] + image[first : first + 8] + image[second + 8 :]
    assert run(0, Mode.TRY, files=files | {"image": sealed(changed)}).output == f"{EINVAL}\nok\nok\n"


# The root within has written into it that all capabilities are had by everybody.
@pytest.mark.parametrize(("planted", "refused"), [(False, True), (True, False)])
def test_capabilities_that_were_forged_are_cut_to_the_context_s(planted: bool, refused: bool) -> None:
    kernel = load_program(KERNEL, defines={"PLANT_RESTORED_CAPABILITIES": 1}) if planted else None
    files = left(3_000_000)
    image = files["image"]
    had = DEFAULT_CAPABILITIES.to_bytes(8, "little")
    assert had in image
    forged = sealed(image.replace(had, b"\xff" * 8))
    error, *selfchecks = run(0, Mode.TRY, files=files | {"image": forged}, kernel=kernel).output.splitlines()
    assert error == "0"
    assert (selfchecks == ["ok", "ok"]) == refused


def random_delay(seed: int) -> int:
    return Random(seed).randrange(500_000, 6_000_000)


def forged(image: bytes, random: Random) -> bytes:
    """With some dwords changed, and the right checksum."""
    changed = bytearray(image)
    places = places_of(image)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        place = random.choice(places)
        old = int.from_bytes(changed[place : place + 8], "little")
        new = random.choice(
            (
                *(0, 1, old + 1, old - 1, old ^ 1 << random.randrange(64), 0xFFFFFFC000100000, 1 << 62, -1),
                *(random.randrange(1 << 12), random.randrange(1 << 64), 0x3FFFFFF000, 4095, 4096),
            )
        )
        changed[place : place + 8] = (new & (1 << 64) - 1).to_bytes(8, "little")
    if random.random() < 0.1:
        end = random.choice(places)
        changed = changed[:end] if random.random() < 0.5 else changed + changed[HEAD:end]
    return sealed(bytes(changed))


def test_a_power_cut_leaves_a_whole_checkpoint_or_none() -> None:
    random, cuts = Random(4), []
    with begun(3_000_000, Mode.LEAVE) as machine:
        while machine.run_to_disk_write(LIMIT).stop is Stop.LIMIT:
            cuts.append(machine.power_cut())
    found = set()
    for cut in [*random.sample(cuts, 150), *cuts[-30:]]:
        disk = random.choice(list(cut.media(random=4))).contents()
        Volume(disk).close()
        image = file_of(disk, "/image")
        found.add(bool(image) and is_whole(image or b""))
        assert not image or not any(image[:HEAD]) or is_whole(image)
    assert found == {False, True}
