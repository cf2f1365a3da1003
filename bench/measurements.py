"""Measures anew what the documents say, and writes it there: `python bench/measurements.py [PART...]`.

Each part stands between two comments in toyvm/docs/measurements.md; the lab's matrix is in README.md as well, and
drawn, light and dark. All parts take some 25 minutes on a quiet machine; a part that fails leaves what is there.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from matrix_picture import DARK, LIGHT, Ratios, matrix_svg  # noqa: E402

from toyvm.files.replacing import replace_file  # noqa: E402
from toyvm.report.records import machine_record  # noqa: E402
from toyvm.techniques import COMPARED  # noqa: E402

DOCUMENTS = ROOT / "toyvm" / "docs"
PAGE, README = DOCUMENTS / "measurements.md", ROOT / "README.md"
REPEATS = 3
FIRST_BLOCK = r"\n(?=None of these on)|\n\n(?=Programs of)"  # what ends it


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless said")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    for part in parts:
        PARTS[part]()
    return 0


def run(*words: str, fails: bool = False) -> str:
    """What a command prints; unless it `fails`, its failure ends this one."""
    print("+", *words, file=sys.stderr)
    return subprocess.run(words, cwd=ROOT, check=not fails, stdout=subprocess.PIPE, text=True).stdout


def put(path: Path, name: str, text: str) -> None:
    """Write `text` between the two comments of that name. Raises ValueError where they are not."""
    old = path.read_text(encoding="utf-8")
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    new, count = re.subn(pattern, lambda match: f"{match[1]}{text.strip()}\n{match[2]}", old, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"{path}: {count} places for {name}")
    replace_file(path, new.encode())


def source(machine: dict[str, Any]) -> str:
    return f"{machine['cpu']}, {machine['system']}, Python {machine['python']}, toyvm {machine['commit']}"


def measure_lab() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lab.json"
        words = ("-m", "toyvm", "lab", "--all", "--repeats", str(REPEATS), "--json", str(file))
        printed = run(sys.executable, *words)
        record = json.loads(file.read_text())
    matrix, table = printed.split("\n\nCPU time an operation", 1)
    block = f"```\n{matrix.strip()}\n```"
    put(README, "matrix", re.split(FIRST_BLOCK, block)[0] + "\n```")
    where = f"`toyvm lab --all --repeats {REPEATS}`: {source(record['machine'])}"
    put(PAGE, "lab", f"{where}\n\n{block}\n\n```\nCPU time an operation{table.rstrip()}\n```")
    ratios = ratios_of(record["records"])
    workloads = list(dict.fromkeys(one["workload"] for one in record["records"]))
    compared = [name for name in COMPARED if name != "bare"]
    rows = [name for name in workloads if any((name, technique) in ratios for technique in compared)]
    for name, palette in (("light", LIGHT), ("dark", DARK)):
        picture = matrix_svg(ratios, rows, compared, source(record["machine"]), palette)
        replace_file(DOCUMENTS / f"matrix-{name}.svg", picture.encode())


def ratios_of(records: list[dict[str, Any]]) -> Ratios:
    """The median time of each workload and technique over the bare machine's."""
    times: dict[tuple[str, str], list[float]] = {}
    for one in records:
        base = one["baseline"]
        seconds, count = one["cpu_seconds"] - base["cpu_seconds"], one["operations"] - base["operations"]
        times.setdefault((one["workload"], one["technique"]), []).append(seconds / count)
    medians = {key: median(values) for key, values in times.items()}
    return {key: time / medians[key[0], "bare"] for key, time in medians.items() if (key[0], "bare") in medians}


def measure_goals() -> None:
    printed = run(sys.executable, "-m", "pytest", "-q", "bench/bench_techniques.py", fails=True)
    lines = re.findall(r"^\.?(.+?): ((?:at most|at least) .*?); (met|MISSED) with (.*?)  \[", printed, re.MULTILINE)
    if not lines:
        raise ValueError("bench/bench_techniques.py printed no goal")
    rows = [
        f"| {claim} | {goal} | {figure}{'' if met == 'met' else ', missed'} |" for claim, goal, met, figure in lines
    ]
    table = "\n".join(("| goal | wanted | measured |", "|---|---|---|", *rows))
    put(PAGE, "goals", f"`pytest bench/bench_techniques.py`: {source(machine_record())}\n\n{table}")


def measure_os() -> None:
    printed = run(sys.executable, "-m", "pytest", "-q", "-c", "bench/pytest.ini", "bench/bench_os.py")
    lines = re.findall(r"^\.?((?:a|fork|the|boot|ported)\b.*)$", printed, re.MULTILINE)
    put(PAGE, "os", f"`pytest bench/bench_os.py`: {source(machine_record())}\n\n```\n" + "\n".join(lines) + "\n```")


def measure_study(name: str) -> None:
    printed = run(sys.executable, "-m", "toyvm", "lab", name)
    put(PAGE, name, f"`toyvm lab {name}`: {source(machine_record())}\n\n```\n{printed.rstrip()}\n```")


def measure_peers() -> None:
    printed = run(sys.executable, "bench/peers", "--targets", "--markdown", fails=True)
    put(PAGE, "peers", f"`python bench/peers --targets`\n\n{printed}")


PARTS: dict[str, Callable[[], None]] = {
    "lab": measure_lab,
    "goals": measure_goals,
    "os": measure_os,
    "isolation": partial(measure_study, "isolation"),
    "density": partial(measure_study, "density"),
    "peers": measure_peers,
}

if __name__ == "__main__":
    sys.exit(main())
