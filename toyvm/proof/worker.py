"""A solver in a process of its own: it takes a question in SMT-LIB from standard input, and may be ended at any time.

It answers with a line of JSON: the verdict, and for `sat` what the constants that it was asked for are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from toyvm.parts import die_with_parent


def _z3(text: str, names: Sequence[str]) -> tuple[str, dict[str, int]]:
    import z3

    solver = z3.Solver()
    solver.from_string(text)
    verdict = str(solver.check())
    if verdict != "sat":
        return verdict, {}
    model = solver.model()
    declared = {declaration.name(): declaration for declaration in model.decls()}
    known = {name: model[declared[name]] for name in names if name in declared}
    return verdict, {name: value.as_long() for name, value in known.items()}


def _bitwuzla(text: str, names: Sequence[str]) -> tuple[str, dict[str, int]]:
    import bitwuzla

    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text, True, False)
    solver = parser.bitwuzla()
    verdict = {bitwuzla.Result.SAT: "sat", bitwuzla.Result.UNSAT: "unsat"}.get(solver.check_sat(), "unknown")
    if verdict != "sat":
        return verdict, {}
    return verdict, {name: int(solver.get_value(parser.parse_term(name)).value(10)) for name in names}


SOLVERS: dict[str, Callable[[str, Sequence[str]], tuple[str, dict[str, int]]]] = {"z3": _z3, "bitwuzla": _bitwuzla}


def main() -> None:
    parent, name, *wanted = sys.argv[1:]
    die_with_parent(int(parent))
    verdict, values = SOLVERS[name](sys.stdin.read(), wanted)
    print(json.dumps({"verdict": verdict, "values": values}))


if __name__ == "__main__":
    main()
