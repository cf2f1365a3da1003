"""Cutting the power of a run: what its disk's file holds then, and all that it might hold."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.options import Options, parse_count, parse_number
from toyvm.cli.saying import say
from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, shown
from toyvm.files.replacing import HOLE_BYTES
from toyvm.limits import MAXIMUM_DISK_DATA_BYTES

if TYPE_CHECKING:
    from toyvm.machine.computer import Computer
    from toyvm.machine.disk import Disk
    from toyvm.machine.power_cut import Medium, PowerCut


def add_power_cut_options(parser: Options) -> None:
    parser.add_argument(
        "--power-cut",
        metavar="N",
        help="cut the power after N instructions: of the writes that were not flushed the disk's file keeps none",
    )
    parser.add_argument("--power-cut-seed", metavar="S", help="it keeps a random part of them, chosen by this number")
    parser.add_argument(
        "--power-cut-media", metavar="DIR", help="put each disk that might be left there, as 0000.img and so on"
    )


def check_power_cut_options(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what makes no sense, and BadFileError for a directory that cannot take the media."""
    given = arguments.power_cut is not None
    for option, value in (("seed", arguments.power_cut_seed), ("media", arguments.power_cut_media)):
        if value is not None and not given:
            raise UsageError(f"--power-cut-{option} says something about a power cut; add --power-cut N")
    if given and arguments.disk is None:
        raise UsageError("--power-cut: there is no disk that could lose anything; add --disk FILE")
    if given and arguments.read_only:
        raise UsageError("--power-cut: the disk is read-only, and has nothing to lose")
    parse_count(arguments.power_cut, "--power-cut")
    if arguments.power_cut_seed is not None:
        parse_number(arguments.power_cut_seed, "--power-cut-seed")
    if arguments.power_cut_media is not None:
        _check_folder(arguments.power_cut_media)


def _check_folder(path: str) -> None:
    with boundary(path):
        try:
            is_empty = not os.listdir(path)
        except FileNotFoundError:
            if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
                raise
            return
    if not is_empty:
        raise BadFileError(f"{shown(path)}: holds files already; name a directory that is empty, or not there yet")


def cut_power(arguments: argparse.Namespace, computer: Computer, disk: Disk) -> dict[str, Any]:
    """Leave of the disk what a power cut leaves, say so, and give the record of it."""
    cut = computer.power_cut()
    if cut.pending:
        disk.become(_left(cut, arguments.power_cut_seed))
    say(f"the power was cut after {computer.retired} instructions: {_consequence(cut, arguments)}")
    if arguments.power_cut_media is not None:
        _save_media(cut, arguments.power_cut_media, computer.retired)
    return {"pending": [write.sector for write in cut.pending], "media": cut.count()}


def _consequence(cut: PowerCut, arguments: argparse.Namespace) -> str:
    if not cut.pending:
        return f"all that was written to {shown(arguments.disk)} is there"
    writes = "1 write was" if len(cut.pending) == 1 else f"{len(cut.pending)} writes were"
    disks = "1 disk" if cut.count() == 1 else f"{cut.count()} different disks"
    seed = arguments.power_cut_seed
    kept = "has none of them" if seed is None else f"has those that seed {seed} chooses"
    return f"{writes} not flushed, and {disks} might be left; {shown(arguments.disk)} {kept}"


def _left(cut: PowerCut, seed: str | None) -> Medium:
    from random import Random

    if seed is None:
        return cut.durable
    random = Random(parse_number(seed, "--power-cut-seed"))
    return cut.medium(number for number in range(len(cut.pending)) if random.getrandbits(1))


def _save_media(cut: PowerCut, path: str, instructions: int) -> None:
    """Each as a file, and an index that says in which sectors it is not as without the writes."""
    from toyvm.report.records import write_json

    media, durable = list(cut.media()), cut.durable
    data, holes = durable.contents(), bytes(HOLE_BYTES)
    each = sum(data[at : at + HOLE_BYTES] != holes for at in range(0, len(data), HOLE_BYTES)) + len(cut.pending)
    if each * HOLE_BYTES * len(media) > MAXIMUM_DISK_DATA_BYTES:
        raise BadFileError(
            f"{shown(path)}: {len(media)} disks of {each * HOLE_BYTES} bytes each are more than "
            f"{MAXIMUM_DISK_DATA_BYTES}, which is the limit; power_cut() of the Python API has them without files"
        )
    with boundary(path):
        os.makedirs(path, exist_ok=True)
    rows = []
    for number, medium in enumerate(media):
        name = f"{number:04}.img"
        medium.save(Path(path, name))
        sectors = {write.sector for write in cut.pending if medium.read(write.sector) != durable.read(write.sector)}
        rows.append({"file": name, "sectors": sorted(sectors)})
    index = {"instructions": instructions, "pending": [write.sector for write in cut.pending], "media": rows}
    write_json(Path(path, "media.json"), index)
    disks = "1 disk" if len(rows) == 1 else f"{len(rows)} disks"
    say(f"{shown(path)} has {disks}, and media.json, which tells them apart")
