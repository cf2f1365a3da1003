"""What is asked of a solver: products and quotients as they are, or only as functions, which often is enough.

An abstract question that has no answer has none either with products and quotients as they are. Of quotients so much is
said as the lemmas prove (`lemmas`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import z3

from toyvm.proof.symbols import QUOTIENT, REMAINDER, Term


class Products:
    """Replaces products of unknown numbers by an uninterpreted function that commutes."""

    def __init__(self) -> None:
        self._known: dict[
            int, tuple[Term, Term]
        ] = {}  # by number of a term, which is kept so that no other one gets it
        self._facts: list[Term] = []

    def abstract(self, terms: Iterable[Term]) -> list[Term]:
        """The terms, and that the function commutes where it is used in them."""
        return [*(self._abstract(term) for term in terms), *self._facts]

    def _abstract(self, term: Term) -> Term:
        if term.get_id() not in self._known:
            parts = [self._abstract(part) for part in term.children()]
            is_product = term.decl().kind() == z3.Z3_OP_BMUL
            made = term if not parts else self._product(parts) if is_product else term.decl()(*parts)
            self._known[term.get_id()] = term, made
        return self._known[term.get_id()][1]

    def _product(self, parts: Sequence[Term]) -> Term:
        factors = [part for part in parts if not z3.is_bv_value(part)]
        result = factors[0]
        for factor in factors[1:]:
            sort = result.sort()
            product = z3.Function(f"product_{result.size()}", sort, sort, sort)
            self._facts.append(product(result, factor) == product(factor, result))
            result = product(result, factor)
        for constant in parts:
            if z3.is_bv_value(constant):
                result = result * constant
        return result


def exactly(terms: Iterable[Term]) -> list[Term]:
    """Quotients and remainders as the solvers know them."""
    a, b = z3.Var(0, z3.BitVecSort(64)), z3.Var(1, z3.BitVecSort(64))
    return [z3.substitute_funs(term, (QUOTIENT, z3.UDiv(a, b)), (REMAINDER, z3.URem(a, b))) for term in terms]


def with_lemmas(conditions: Sequence[Term], goal: Term) -> list[Term]:
    """The question, with what is known of each quotient in it."""
    divisions: dict[tuple[int, int], tuple[Term, Term]] = {}
    for term in (*conditions, goal):
        for one in _within(term):
            if one.decl() in (QUOTIENT, REMAINDER):
                a, b = one.children()
                divisions[a.get_id(), b.get_id()] = a, b
    facts = [fact for a, b in divisions.values() for fact in _facts(a, b)]
    return decided(conditions, [goal, *facts])


def _within(term: Term) -> Iterable[Term]:
    seen, waiting = set(), [term]
    while waiting:
        one = waiting.pop()
        if one.get_id() not in seen and z3.is_app(one):
            seen.add(one.get_id())
            yield one
            waiting += one.children()


def decided(conditions: Sequence[Term], terms: Iterable[Term]) -> list[Term]:
    """Conditions, and the terms with what the conditions decide decided in them."""
    conditions = [z3.simplify(condition) for condition in conditions]
    known = [(z3.simplify(z3.Not(one)), z3.BoolVal(False)) for one in conditions]
    known += [(one, z3.BoolVal(True)) for one in conditions]
    known = [(one, value) for one, value in known if not (z3.is_true(one) or z3.is_false(one))]
    return [*conditions, *(z3.simplify(z3.substitute(z3.simplify(term), *known)) for term in terms)]


def _facts(a: Term, b: Term) -> tuple[Term, ...]:
    q, r = QUOTIENT(a, b), REMAINDER(a, b)
    low_a, low_b, low_q, low_r = (z3.Extract(31, 0, one) for one in (a, b, q, r))
    return (
        z3.Or(b == 0, r == a - q * b),
        z3.Or(b == 0, low_r == low_a - low_q * low_b),
        z3.Or(b == 0, z3.And(z3.ULT(r, b), z3.ULE(r, a))),
        z3.Or(b == 0, z3.ULE(q, a)),
        z3.Or(b != 1, q == a),
    )


def lemmas() -> dict[str, Term]:
    """What is said of quotients, for all natural numbers of 64 bits: each claim by its words.

    Here quotients are what the solvers know, so that no lemma is its own proof. What is said of low bits holds for any
    product.
    """
    a, b, q = z3.BitVecs("a b q", 64)
    whole, _, less, no_more, by_one = exactly(_facts(a, b))
    low_a, low_b, low_q = (z3.Extract(31, 0, one) for one in (a, b, q))
    return {
        "a remainder is what the quotient leaves of the dividend": whole,
        "so are its low 32 bits, of low 32 bits": z3.Extract(31, 0, a - q * b) == low_a - low_q * low_b,
        "a remainder is less than the divisor, and no more than the dividend": less,
        "a quotient is no more than the dividend": no_more,
        "a quotient by one is the dividend": by_one,
    }
