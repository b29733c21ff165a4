"""What `wtspec prove` does, step by step."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from wtspec.implementations.reference.faults.fault import Fault
from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES
from wtspec.reports.block import visible
from wtspec.reports.whole_file import replace_whole
from wtspec.suite.commands.attach import EmbeddedReference
from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.pipes import say, unheard
from wtspec.suite.commands.planning import planned
from wtspec.suite.commands.running import RESULTS
from wtspec.suite.commands.target import Target
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.run.plan import cells_of
from wtspec.suite.run.prove import (
    DIES_AFTER_ANSWERING,
    HONEST,
    FaultProof,
    OddityProof,
    Prover,
    Results,
    Subject,
    is_red,
    names,
)
from wtspec.suite.run.supervisor import Supervisor

SCHEMA_VERSION = 1
_SHOWN_WRONGS = 12


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `prove`, as click gives them."""

    select: tuple[str, ...]
    as_json: bool
    names: tuple[str, ...]
    dialects: tuple[str, ...]
    role: str | None
    quick: bool
    processes: int | None
    seed: int
    out: str | None
    quiet: bool


class Proving:
    """One run of `prove`."""

    def __init__(self, request: Request) -> None:
        self._request = request
        roles = (Role(request.role),) if request.role else BOTH
        chosen = Target(EmbeddedReference(), roles, is_virtual=True)
        self._plan = planned(request.select, chosen, request.dialects, request.seed).plan
        self._prover = Prover(self._plan, self._supervisor, only_named=request.quick)

    def perform(self) -> ExitCode:
        if not self._plan.cells:
            click.echo("nothing to prove: no selected case has this role and dialect", err=True)
            return ExitCode.NOTHING_RAN
        wrongly, oddly = self._wanted(FAULTS), self._wanted(ODDITIES)
        self._reserve()
        honest = self._prover.honest(Subject(HONEST, EmbeddedReference(is_watched=True)))
        red = [cell for cell, seen in honest.items() if is_red(seen)]
        for cell in red:
            self._say(f"HONEST  {cell}: {honest[cell].outcome}, {honest[cell].reason}", "red")
        faults = [*self._unknown(), *self._faults(wrongly, honest)]
        oddities = list(self._oddities(oddly, honest))
        unproved = () if self._request.names else self._prover.unproved()
        for cell in unproved:
            self._say(f"UNPROVED  {cell}: no fault is said to turn it red", "red")
        text = json.dumps(document(faults, oddities, red, unproved), indent=1)
        replace_whole(self._out, text.encode())
        if self._request.as_json:
            say(text)
        good = all(one.ok for one in faults) and all(one.ok for one in oddities)
        good = good and not red and not unproved
        proved = sum(one.ok for one in faults)
        self._say(
            f"{proved} of {len(faults)} faults and {sum(one.ok for one in oddities)} of"
            f" {len(oddities)} oddities are as they must be, over {len(self._plan.cells)} cells;"
            f" stored in {self._out}"
        )
        return ExitCode.AS_EXPECTED if good else ExitCode.NON_CONFORMANCE

    def _supervisor(self) -> Supervisor:
        return Supervisor(self._request.processes or os.cpu_count() or 1)

    @property
    def _out(self) -> Path:
        return Path(self._request.out or RESULTS / "proof.json")

    def _reserve(self) -> None:
        """What cannot be written is said before the work, not after it."""
        try:
            self._out.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise usage(f"cannot write {self._out}: {error.strerror}") from error

    def _faults(self, subjects: Sequence[Subject], honest: Results) -> Iterator[FaultProof]:
        for proof in self._prover.faults(subjects, honest):
            told = f"{len(proof.must_fail)} must fail, {len(proof.failed)} failed"
            self._tell(proof.name, proof.wrong, told, is_ok=proof.ok)
            yield proof

    def _oddities(self, subjects: Sequence[Subject], honest: Results) -> Iterator[OddityProof]:
        whole = not self._request.select and not self._request.role
        for proof in self._prover.oddities(subjects, honest, must_show=whole):
            told = "shows" if proof.shows else "shows in no timeline"
            # Of a selection, the last line says enough of those that are as they must be.
            if whole or self._request.names or not proof.ok:
                self._tell(proof.name, proof.wrong, f"{told}, {len(proof.red)} red", is_ok=proof.ok)
            yield proof

    def _wanted(self, registry: Mapping[str, Fault]) -> list[Subject]:
        """Those asked for; of faults without being asked, those that a planned cell names."""
        asked = self._request.names
        if missing := [one for one in asked if one not in FAULTS and one not in ODDITIES]:
            near = get_close_matches(missing[0], [*FAULTS, *ODDITIES], n=3, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise usage(f"no fault {missing[0]!r}{hint}")
        return [
            _subject(one)
            for one in registry.values()
            if one.name in asked
            or (not asked and (registry is ODDITIES or self._concerns(one.name)))
        ]

    def _concerns(self, fault: str) -> bool:
        if any(names(one, fault) for one in self._plan.cells):
            return True
        if self._request.select or fault == DIES_AFTER_ANSWERING:
            return False
        return not self._is_of_other_dialects(fault)

    def _is_of_other_dialects(self, fault: str) -> bool:
        """Only cases name it that are not asked in the dialects of this plan."""
        spoken = {one.dialect for one in self._plan.cells}
        naming = [case for case in self._plan.catalogue if fault in case.faults]
        cells = [one for case in naming for one in cells_of(case, BOTH, [*spoken])]
        return bool(naming) and not any(one.is_asked for one in cells)

    def _unknown(self) -> Iterator[FaultProof]:
        """Faults that cases name and nobody wrote."""
        if self._request.names:
            return
        named = dict.fromkeys(one for cell in self._plan.cells for one in cell.case.faults)
        for fault in named:
            if fault not in FAULTS:
                cells = tuple(one.id for one in self._plan.cells if names(one, fault))
                wrong = dict.fromkeys(cells, "names a fault that does not exist")
                self._tell(fault, wrong, "", is_ok=False)
                yield FaultProof(fault, cells, (), wrong)

    def _tell(self, name: str, wrong: Mapping[str, str], told: str, *, is_ok: bool) -> None:
        if is_ok:
            if not self._request.quiet:
                self._say(f"ok     {name:<46} {told}", "green")
            return
        self._say(f"WRONG  {name:<46} {told}", "red")
        for cell, why in list(wrong.items())[:_SHOWN_WRONGS]:
            self._say(f"       {cell}: {why}")
        if len(wrong) > _SHOWN_WRONGS:
            self._say(f"       and {len(wrong) - _SHOWN_WRONGS} more cells")

    def _say(self, text: str, colour: str | None = None) -> None:
        with unheard():
            click.secho(visible(text), fg=colour, err=self._request.as_json)


def _subject(fault: Fault) -> Subject:
    roles = tuple(Role(str(side)) for side in fault.roles)
    return Subject(fault.name, EmbeddedReference(fault.name), roles)


def document(
    faults: Sequence[FaultProof],
    oddities: Sequence[OddityProof],
    red: Sequence[str],
    unproved: Sequence[str],
) -> dict[str, Any]:
    """`prove --json`; prove.schema.json describes it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "faults": [
            {
                "name": one.name,
                "must_fail": list(one.must_fail),
                "failed": list(one.failed),
                "ok": one.ok,
                "wrong": dict(one.wrong),
            }
            for one in faults
        ],
        "oddities": [
            {"name": one.name, "red": list(one.red), "ok": one.ok, "shows": one.shows}
            for one in oddities
        ],
        "honest_red": list(red),
        "unproved": list(unproved),
    }
