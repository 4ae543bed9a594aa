"""How a simulated visitor fills in a form: ordered probit levels, packed one byte per question.

A byte is 0 for not answered, 1..n for the level or option, 254 for not applicable and 255 for not asked on this form;
`several` is 1 + the set of options as bits, `count` is 1 + the count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.errors import N_, AnalysisError

NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED = 0, 254, 255
KINDS = ("rating", "choice", "several", "count")
OPENS = 0.15  # of those who answer a choice that is a gate: the answers that open it, together
PERSON, PERSON_FACTOR = 0.356, 0.089  # of the variance that clusters leave; 22 items then have alpha near 0.9


@dataclass(frozen=True)
class Question:
    """One question. A rating has levels 1..levels, of which the highest (or the lowest) are the satisfied ones.

    `effect` on the normal scale (0.1 is 2 points near 85%) is drawn where left out; `not_applicable` is the share of
    visitors to whom the question does not apply. Only ratings have a true share; the other kinds are filler.
    `asked_if` is skip logic: the code of a choice asked before, and the options (from 1) after which this is asked; all
    of them must hold.
    """

    code: str
    factor: str | None = None
    levels: int = 5
    satisfied: tuple[int, ...] = (4, 5)
    not_applicable: float = 0.0
    effect: float | None = None
    kind: str = "rating"
    asked_if: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AnalysisError(N_("question {code}: kind {kind} is not one of {known}"),
                                code=self.code, kind=self.kind, known=", ".join(KINDS))  # fmt: skip
        if self.kind == "several" and self.levels > 7:
            raise AnalysisError(N_("question {code}: {levels} options; `several` holds at most 7"),
                                code=self.code, levels=self.levels)  # fmt: skip
        top = tuple(range(self.levels - len(self.satisfied) + 1, self.levels + 1))
        bottom = tuple(range(1, len(self.satisfied) + 1))
        if self.kind == "rating" and (len(top) == self.levels or tuple(sorted(self.satisfied)) not in (top, bottom)):
            raise AnalysisError(N_("question {code}: satisfied levels {satisfied} are not one end of 1..{levels}"),
                                code=self.code, satisfied=list(self.satisfied), levels=self.levels)  # fmt: skip


def draw_answers(
    rng: np.random.Generator,
    questions: Sequence[Question],
    asked: NDArray[np.bool_],
    score: NDArray[np.float64],
    cell: NDArray[np.intp],
    mood: NDArray[np.float64],
    icc: float,
    missing: float,
) -> NDArray[np.uint8]:
    """Draw one row of bytes per visitor, with at least one answer in it.

    `asked[visitor, question]` says what is on the form, `score[cell, question]` is the normal quantile of the true
    share, `mood` what visitor and week add to all questions, and `icc` the week's part of its variance.
    """
    n, factors = len(cell), sorted({question.factor or "" for question in questions})
    rest = 1 - icc
    within = np.sqrt(rest * PERSON_FACTOR) * _normal(rng, n, len(factors))
    unused = _normal(rng, n, len(factors))
    noise = np.sqrt(rest * (1 - PERSON - PERSON_FACTOR))
    packed = np.empty((n, len(questions)), np.uint8)
    for k, question in enumerate(questions):
        f = factors.index(question.factor or "")
        if question.kind == "rating":
            packed[:, k] = _levels(question, score[cell, k] + mood + within[:, f] + noise * _normal(rng, n))
        else:
            packed[:, k] = _other(rng, question, n, opening(questions, question.code))
    answered = packed.copy()
    for k, question in enumerate(questions):
        packed[rng.random(n) < missing * rng.uniform(0.7, 1.5), k] = NOT_ANSWERED
        if question.not_applicable:
            inapplicable = 0.8 * unused[:, factors.index(question.factor or "")] + 0.6 * _normal(rng, n)
            packed[inapplicable > ndtri(1 - question.not_applicable), k] = NOT_APPLICABLE
    _pass_over(questions, packed)
    silent = ~(asked & (packed > NOT_ANSWERED) & (packed < NOT_APPLICABLE)).any(axis=1)
    packed[silent] = answered[silent]
    _pass_over(questions, packed)
    packed[~asked] = NOT_ASKED
    return packed


def opening(questions: Sequence[Question], gate: str) -> tuple[int, ...]:
    """The options of a choice after which any other question is asked."""
    asked_after = [options for each in questions for code, options in each.asked_if if code == gate]
    return tuple(sorted({one for options in asked_after for one in options}))


def _pass_over(questions: Sequence[Question], packed: NDArray[np.uint8]) -> None:
    """Skip logic: what stands behind a gate that did not open was not asked."""
    place = {question.code: k for k, question in enumerate(questions)}
    for k, question in enumerate(questions):
        for gate, options in question.asked_if:
            packed[~np.isin(packed[:, place[gate]], options), k] = NOT_ASKED


def _levels(question: Question, latent: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Satisfied is latent > 0; further cuts lie 0.9 apart above, and at -0.5, -0.9, -1.3 ... below."""
    satisfied = len(question.satisfied)
    cuts = [0.9 * j for j in range(satisfied)]
    cuts += [-0.5 - 0.4 * j for j in range(question.levels - satisfied - 1)]
    level = np.ones(len(latent), np.uint8)
    for cut in cuts:
        level += latent > cut
    return level if question.levels in question.satisfied else np.uint8(question.levels + 1) - level


def _other(rng: np.random.Generator, question: Question, n: int, opens: tuple[int, ...]) -> NDArray[np.uint8]:
    if question.kind == "count":
        return (1 + np.minimum(rng.poisson(1.0, n), 250)).astype(np.uint8)
    if question.kind == "several":
        chosen = rng.random((n, question.levels)) < rng.uniform(0.1, 0.6, question.levels)
        return (1 + chosen @ (1 << np.arange(question.levels))).astype(np.uint8)
    if opens:
        share = [OPENS / len(opens) if k in opens else (1 - OPENS) / (question.levels - len(opens))
                 for k in range(1, question.levels + 1)]  # fmt: skip
        return rng.choice(question.levels, n, p=share).astype(np.uint8) + np.uint8(1)
    return rng.choice(question.levels, n, p=rng.dirichlet(np.full(question.levels, 4.0))).astype(np.uint8) + np.uint8(1)


def _normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)
