"""Groups hand results on to each other in a host register: never one that is not what the guest's register holds."""

from __future__ import annotations

import random

import pytest
from support.cores import ENTRY, Core, word

PROGRAMS = 2000
DATA, HANDLER, TARGETS, WORDS = 20, 0x3000, range(21, 25), range(25, 29)  # registers, but for the handler's address


def same_in_one_run_and_step_by_step(*words: int, x13: int = 0, instructions: int = 5000) -> Core:
    """A long run goes by groups, single steps do not."""
    whole, steps = Core(*words), Core(*words)
    whole.state.x[13] = steps.state.x[13] = x13
    compare(whole, steps, instructions)
    assert whole.state.x[8] > 1000  # and has not come to rest
    return whole


def compare(whole: Core, steps: Core, instructions: int) -> None:
    whole.run(instructions)
    for until in range(1, instructions + 1):
        steps.run(until)
    assert list(whole.state.x) == list(steps.state.x)
    assert (whole.state.pc, whole.state.retired) == (steps.state.pc, steps.state.retired)
    assert whole.read(ENTRY, 0x2000) == steps.read(ENTRY, 0x2000)


def test_a_branch_decoded_late_may_lead_to_what_takes_a_result() -> None:
    same_in_one_run_and_step_by_step(
        word("divu", 5, 7, 0),  # begins no group
        word("addi", 6, 5, 2),  # of x5, as it was just computed or as the last branch finds it
        word("add", 8, 8, 6),
        word("addi", 9, 9, -1),
        word("blt", 0, 9, -4),
        word("addi", 5, 0, 100),
        word("addi", 9, 0, 5),
        word("beq", 0, 0, -6),
    )


def test_a_jump_by_register_may_lead_to_it_too() -> None:
    same_in_one_run_and_step_by_step(
        word("auipc", 10, 0),
        word("addi", 5, 7, 1),
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("addi", 5, 9, 100),
        word("addi", 9, 9, 1),
        word("jalr", 0, 8, 10),
    )


def test_a_trap_s_return_may_lead_to_it_too() -> None:
    same_in_one_run_and_step_by_step(
        word("jal", 0, 7),
        word("crr", 10, "epc"),  # the handler: loads x5 otherwise
        word("addi", 10, 10, 4),
        word("crw", "epc", 10),
        word("addi", 5, 9, 7),
        word("addi", 7, 0, 9),
        word("eret"),
        word("addi", 11, 0, ENTRY + 4),
        word("crw", "tvec", 11),
        word("addi", 9, 9, 1),
        word("ld", 5, 0, 13),
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("jal", 0, -4),
        x13=1 << 60,
    )


def test_a_load_that_misses_the_tlb_hands_its_result_on() -> None:
    same_in_one_run_and_step_by_step(
        word("sd", 9, 0x4000 - 8, 0),
        word("tlbi", 0),
        word("ld", 5, 0x4000 - 8, 0),
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("addi", 9, 9, 3),
        word("jal", 0, -6),
    )


def test_a_result_is_not_handed_on_by_what_has_been_stored_over() -> None:
    computes_x5, computes_x11 = word("addi", 5, 7, 1), word("addi", 11, 7, 1)
    core = same_in_one_run_and_step_by_step(
        computes_x5,  # and the other one, by turns
        word("addi", 6, 5, 2),
        word("add", 8, 8, 6),
        word("addi", 5, 5, 3),
        word("xor", 12, 12, 13),
        word("lw", 14, ENTRY, 0),
        word("xor", 14, 14, 12),
        word("sw", 14, ENTRY, 0),
        word("jal", 0, -8),
        x13=computes_x5 ^ computes_x11,
    )
    assert core.state.x[11] == 1


# The longest group that computes its last result in place, and so does not hand it on.
IN_PLACE = (word("lbu", 5, 0, 0), word("lbu", 11, 1, 15), word("addi", 10, 10, 3), word("addi", 7, 7, 5))


def test_a_group_looks_one_instruction_further_than_it_goes() -> None:
    same_in_one_run_and_step_by_step(
        word("fence"), *IN_PLACE, word("addi", 6, 7, 2), word("fence"), word("add", 8, 8, 6), word("jal", 0, -8)
    )


def test_a_store_behind_a_group_may_make_it_hand_its_result_on() -> None:
    takes_x7, takes_x10 = word("addi", 6, 7, 2), word("addi", 6, 10, 2)
    same_in_one_run_and_step_by_step(
        word("fence"),
        *IN_PLACE,
        takes_x10,  # until the other one is stored over it
        word("fence"),
        word("add", 8, 8, 6),
        word("beq", 0, 13, 5),
        word("lw", 14, ENTRY + 20, 0),
        word("xor", 14, 14, 13),
        word("sw", 14, ENTRY + 20, 0),
        word("addi", 13, 0, 0),
        word("jal", 0, -13),
        x13=takes_x7 ^ takes_x10,
    )


class Chance:
    """Draws instructions that mostly take what the one before them computes, among few registers."""

    def __init__(self, seed: int, count: int) -> None:
        self.draw, self.count = random.Random(seed), count
        self.last = 0  # the register computed last

    def source(self) -> int:
        return self.last if self.last and self.draw.random() < 0.6 else self.draw.choice([5, 5, 5, 6, 6, 7, 8, 9, 0])

    def computing(self) -> int:
        rd = self.draw.choice([self.last or 5, 5, 6, 7, 8, 9, 0])
        three = ("add", "sub", "xor", "addw", "mul", "mulhu", "sltu", "div", "rem", "sll", "srlw")
        ways = (
            lambda: word(self.draw.choice(three), rd, self.source(), self.source()),
            lambda: word(self.draw.choice(("addi", "andi", "addiw")), rd, self.source(), self.draw.randrange(-40, 40)),
            lambda: word(self.draw.choice(("slli", "srai", "srliw")), rd, self.source(), self.draw.randrange(32)),
            lambda: word(self.draw.choice(("lui", "auipc")), rd, self.draw.randrange(-3, 9)),
            lambda: word(self.draw.choice(("lbu", "lh", "lw", "ld")), rd, 8 * self.draw.randrange(8), self.base()),
            lambda: word("addi", rd, DATA, 8 * self.draw.randrange(8)),
        )
        found = self.draw.choices(ways, (6, 5, 3, 1, 3, 1))[0]()
        self.last = rd
        return found

    def base(self) -> int:
        return self.draw.choice([DATA, DATA, DATA, self.source()])

    def leading_elsewhere(self, at: int) -> int:
        near = [n for n in range(-min(at, 10), min(self.count - at, 11)) if n]
        jump = (self.draw.choice([0, 1, 5]), self.draw.choice([0, 0, 4, 8, -4, 2, 4096]), self.draw.choice(TARGETS))
        found = self.draw.choices(
            (
                word(
                    self.draw.choice(("beq", "bne", "blt", "bgeu")),
                    self.source(),
                    self.source(),
                    self.draw.choice(near),
                ),
                word("jal", self.draw.choice([0, 1, 5]), self.draw.choice(near)),
                word("jalr", *jump),
                word("syscall"),
            ),
            (8, 2, 3, 1),
        )[0]
        self.last = 0
        return found

    def storing(self) -> int:
        stored = self.draw.choice(WORDS)
        found = self.draw.choices(
            (
                word(self.draw.choice(("sb", "sw", "sd")), self.source(), 8 * self.draw.randrange(8), self.base()),
                word("sw", stored, 4 * self.draw.randrange(self.count), 19),  # into code
                word("tlbi", 0),
            ),
            (6, 3, 1),
        )[0]
        self.last = 0
        return found

    def instruction(self, at: int) -> int:
        kind = self.draw.random()
        return self.computing() if kind < 0.76 else self.leading_elsewhere(at) if kind < 0.92 else self.storing()


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(n, PROGRAMS, 8) for n in range(8)], ids=lambda seeds: f"from {seeds.start}")
def test_random_programs_run_as_step_by_step(seeds: range) -> None:
    """They cross a page, jump by register, trap, and store into their own code."""
    for seed in seeds:
        draw = random.Random(seed)
        count = draw.choice([16, 24, 40, 60])
        chance = Chance(seed, count)
        start = draw.choice([ENTRY, 0x2000 - 4 * draw.randrange(4, count + 1)])
        words = [*(chance.instruction(at) for at in range(count)), word("jal", 0, -count)]
        values = {19: start, DATA: 0x8000}
        values |= {n: draw.choice([0x8000, draw.getrandbits(64), draw.randrange(100)]) for n in range(5, 10)}
        values |= {n: start + 4 * draw.randrange(count) for n in TARGETS}
        values |= {n: chance.computing() for n in WORDS}
        whole, steps = (a_core(start, words, values) for _ in range(2))
        compare(whole, steps, 2500)


def a_core(start: int, words: list[int], values: dict[int, int]) -> Core:
    handler = [word("crr", 30, "epc"), word("addi", 30, 30, 4), word("crw", "epc", 30), word("addi", 5, 5, 1)]
    core = Core()
    for address, code in ((start, words), (HANDLER, [*handler, word("eret")])):
        core.write(address, b"".join(one.to_bytes(4, "little") for one in code))
    core.set_cr("tvec", HANDLER)
    for register, value in values.items():
        core.state.x[register] = value
    core.state.pc = start
    return core
