"""Courses of a machine: what an action does hangs on what it reads alone, so that one run stands for many."""

from __future__ import annotations

import struct
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from toyvm.isa.paging import PAGE_SHIFT, PAGE_SIZE
from toyvm.reference.memory import Memory
from toyvm.reference.paging import Access, Translation
from toyvm.reference.stops import Stop
from toyvm.reference.translations import Remembered, Translations
from toyvm.verify.worlds.keys import Sum, sum_of_page
from toyvm.verify.worlds.numbered import Numbered

WORD = 8
_PAGE_WORDS = PAGE_SIZE // WORD
Writes = tuple[tuple[int, bytes], ...]  # offset in the page
Key = tuple[int, bool, Access]
TRANSLATION = -1  # in the place of a page


class Effect(NamedTuple):
    """A call of one of Translations' methods."""

    name: str
    arguments: tuple[Hashable, ...] = ()


Effects = tuple[Effect, ...]


class Pages:
    """Contents of pages by number; a page of another place has another number."""

    def __init__(self) -> None:
        self._pages = Numbered[tuple[int, bytes]]()
        self.words: list[tuple[int, ...]] = []
        self.sums: list[Sum] = []  # of keys
        self._written: dict[tuple[int, Writes], int] = {}

    def number(self, place: int, content: bytes) -> int:
        number = self._pages.number((place, content))
        if number == len(self.words):
            self.words.append(struct.unpack(f"<{_PAGE_WORDS}Q", content))
            self.sums.append(sum_of_page(place << PAGE_SHIFT, content))
        return number

    def content(self, number: int) -> bytes:
        return self._pages[number][1]

    def written(self, number: int, writes: Writes) -> int:
        """The page after these."""
        found = self._written.get((number, writes))
        if found is None:
            place, content = self._pages[number]
            changed = bytearray(content)
            for offset, data in writes:
                changed[offset : offset + len(data)] = data
            found = self._written[number, writes] = self.number(place, bytes(changed))
        return found


class Memories:
    """What hardware may remember of translations, by number."""

    def __init__(self) -> None:
        self._all = Numbered[Remembered]()
        self.keys = Numbered[Key]()
        self.by_key: list[dict[int, frozenset[tuple[int, int]]]] = []  # by the key's number
        self._after: dict[tuple[int, int], int] = {}
        self._effects = Numbered[Effects]()

    def number(self, remembered: Remembered) -> int:
        number = self._all.number(remembered)
        if number == len(self.by_key):
            self.by_key.append({self.keys.number(key): pages for key, pages in remembered})
        return number

    def __getitem__(self, number: int) -> Remembered:
        return self._all[number]

    def number_of(self, effects: Effects) -> int:
        return self._effects.number(effects)

    def after(self, number: int, effects: int) -> int:
        """What is remembered after the effects of that number."""
        found = self._after.get((number, effects))
        if found is None:
            translations = Translations()
            translations.restore(self._all[number])
            for effect in self._effects[effects]:
                getattr(translations, effect.name)(*effect.arguments)
            found = self._after[number, effects] = self.number(translations.remembered())
        return found


class Node(NamedTuple):
    """A state between two actions, all parts by number."""

    pages: tuple[int, ...]
    controls: int
    remembered: int


class Course(NamedTuple):
    """What comes of an action wherever it reads the same."""

    stop: Stop
    words: tuple[int, ...]  # as State has them
    sum: Sum  # of these
    is_specified: bool
    writes: tuple[tuple[int, Writes], ...]  # by place of the page
    controls: int
    effects: int


class _Fork(NamedTuple):
    """What is read next, and the ways on from there by what is found."""

    place: int  # of a page, or TRANSLATION
    at: int  # the number of the word in it, or of the key
    ways: dict[Hashable, _Fork | Course]


class Read(NamedTuple):
    place: int
    at: int
    found: Hashable


class Courses:
    """All that are known of one action: a tree, whose ways hang on what is read, one thing after another."""

    def __init__(self, pages: Pages, memories: Memories) -> None:
        self._words = pages.words
        self._by_key = memories.by_key
        self._ways: dict[int, _Fork | Course] = {}  # by the control registers

    def find(self, node: Node) -> Course | None:
        pages, remembered, words = node.pages, self._by_key[node.remembered], self._words
        at = self._ways.get(node.controls)
        while isinstance(at, _Fork):
            place, number, ways = at
            at = ways.get(remembered.get(number) if place == TRANSLATION else words[pages[place]][number])
        return at

    def add(self, node: Node, reads: Sequence[Read], course: Course) -> None:
        ways: dict[Any, _Fork | Course] = self._ways
        way: Hashable = node.controls
        for read in reads:
            fork = ways.setdefault(way, _Fork(read.place, read.at, {}))
            assert isinstance(fork, _Fork)
            assert (fork.place, fork.at) == (read.place, read.at), "what it reads hangs on more than it has read"
            ways, way = fork.ways, read.found
        assert way not in ways
        ways[way] = course


class Recorder:
    """What a machine reads of a node, once each, and what it changes there."""

    def __init__(self, pages: Pages, memories: Memories, node: Node) -> None:
        self._words = [pages.words[number] for number in node.pages]
        self._remembered = memories.by_key[node.remembered]
        self._keys = memories.keys
        self._known: set[tuple[int, int]] = set()
        self.reads: list[Read] = []
        self._writes: dict[int, list[tuple[int, bytes]]] = {}
        self.effects: list[Effect] = []

    def read_word(self, address: int) -> None:
        """As it was before the action: what that has written since follows from what it read before."""
        place, at = address >> PAGE_SHIFT, address % PAGE_SIZE // WORD
        self._note(place, at, self._words[place][at])

    def read_translation(self, key: Key) -> None:
        number = self._keys.number(key)
        self._note(TRANSLATION, number, self._remembered.get(number))

    def write(self, address: int, data: bytes) -> None:
        self._writes.setdefault(address >> PAGE_SHIFT, []).append((address % PAGE_SIZE, data))

    @property
    def writes(self) -> tuple[tuple[int, Writes], ...]:
        return tuple((place, tuple(writes)) for place, writes in self._writes.items())

    def _note(self, place: int, at: int, found: Hashable) -> None:
        if (place, at) not in self._known:
            self._known.add((place, at))
            self.reads.append(Read(place, at, found))


class RecordedMemory(Memory):
    """RAM whose loads and stores are noted."""

    recorder: Recorder

    def load(self, address: int, size: int) -> int:
        self.recorder.read_word(address)
        return super().load(address, size)

    def store(self, address: int, size: int, value: int) -> None:
        super().store(address, size, value)
        self.recorder.write(address, self.read(address, size))


class RecordedTranslations(Translations):
    """Likewise: what is asked of them, and what they are told."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def stale(self, address: int, user: bool, access: Access, fresh: Translation | None) -> str | None:
        self._recorder.read_translation((address >> PAGE_SHIFT, user, access))
        return super().stale(address, user, access, fresh)

    def remember(self, address: int, user: bool, access: Access, found: Translation) -> None:
        self._recorder.effects.append(Effect("remember", (address, user, access, found)))
        super().remember(address, user, access, found)

    def forget_all(self) -> None:
        self._recorder.effects.append(Effect("forget_all"))
        super().forget_all()

    def forget_page(self, address: int) -> None:
        self._recorder.effects.append(Effect("forget_page", (address,)))
        super().forget_page(address)
