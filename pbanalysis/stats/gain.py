"""Did they learn? Matched gains, ANCOVA beside change scores, and regression to the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from ._checks import Floats, Numbers, same_length, vector
from .effects import correction, smcr
from .resampling import bootstrap

__all__ = [
    "Coefficient",
    "GroupEffect",
    "LearningGain",
    "group_effect",
    "learning_gain",
    "regression_to_the_mean",
    "selection_effect",
]

Reading: TypeAlias = Literal["agree", "lords_paradox"]

# below this many clusters a cluster bootstrap is not to be trusted
FEW_CLUSTERS = 10
_FEW_PERSONS = 3


class Coefficient(NamedTuple):
    """A regression coefficient with its t-test."""

    estimate: float
    standard_error: float
    t: float
    p_value: float


@dataclass(frozen=True)
class GroupEffect:
    """The same data read in two ways; made by :func:`group_effect`.

    Attributes
    ----------
    ancova : Coefficient
        Difference after, between persons with equal scores before.
    change : Coefficient
        Difference of the mean changes.
    reading : str
        ``"lords_paradox"`` if the two disagree: opposite signs, or only one significant at 5 %.
        They answer different questions; without random assignment neither is the effect.
    """

    ancova: Coefficient
    change: Coefficient
    reading: Reading


@dataclass(frozen=True)
class LearningGain:
    """Learning gain of matched persons; made by :func:`learning_gain`. NaN = cannot be said.

    Attributes
    ----------
    matched_n, pre_only_n, post_only_n : int
        Persons with both scores, and those with one only.
    pre_mean, post_mean : float
        Means of the matched persons.
    dropout_pre_mean : float
        Mean before of those who have no score after.
    gain : float
        Mean change over the standard deviation before (SMCR, unbiased).
    low, high : float
        BCa interval over branches.
    clusters_n : int
        Branches that were resampled; below ten the interval is too narrow.
    ceiling_n : int
        Matched persons who had the full mark before and could not gain.
    expected_regression : float
        Mean change to be expected without any learning, in points.
    """

    matched_n: int
    pre_only_n: int
    post_only_n: int
    pre_mean: float
    post_mean: float
    dropout_pre_mean: float
    gain: float
    low: float
    high: float
    clusters_n: int
    ceiling_n: int
    expected_regression: float

    @property
    def few_clusters(self) -> bool:
        """Whether the interval rests on too few branches."""
        return self.clusters_n < FEW_CLUSTERS


def group_effect(pre: Numbers, post: Numbers, group: Numbers) -> GroupEffect:
    """Effect of a 0/1 group by ANCOVA and by change scores, with the disagreement named.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores before and after.
    group : array_like of 0/1, shape (n,)
        1 = the group whose effect is asked for; both present.

    Returns
    -------
    GroupEffect

    Notes
    -----
    Assumes linear relations, equal residual variance, independent persons. Lord (1967), Psychol Bull
    68:304.

    Examples
    --------
    >>> e = group_effect([50, 60, 70, 65, 75, 85], [60, 65, 71, 69, 74, 80], [0, 0, 0, 1, 1, 1])
    >>> print(f"{e.ancova.estimate:.2f} {e.change.estimate:.2f} {e.reading}")
    0.75 -6.00 lords_paradox
    """
    before, after, member = vector(pre, "前测"), vector(post, "后测"), vector(group, "分组")
    same_length("前测、后测与分组", before, after, member)
    if set(np.unique(member)) != {0.0, 1.0}:
        raise ValueError("分组应为 0 与 1，且两组都有人")
    one = np.ones_like(before)
    ancova = _least_squares(np.column_stack([member, one, before]), after)
    change = _least_squares(np.column_stack([member, one]), after - before)
    opposite = ancova.estimate * change.estimate < 0
    split = (ancova.p_value < 0.05) != (change.p_value < 0.05)
    return GroupEffect(ancova, change, "lords_paradox" if opposite or split else "agree")


def learning_gain(
    pre: Numbers,
    post: Numbers,
    clusters: npt.ArrayLike,
    *,
    full_mark: float | None = None,
    population_mean: float | None = None,
    reliability: float | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> LearningGain:
    """Standardised learning gain of the persons tested both times, with what limits it.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores of the same persons in the same order; NaN = not tested.
    clusters : array_like, shape (n,)
        Branch of each person.
    full_mark : float, optional
        Highest possible score (ceiling).
    population_mean, reliability : float, optional
        Mean score of everyone who might have been chosen, and the test's reliability: both are needed
        for the regression to the mean to be expected.
    confidence, resamples, seed
        As in :func:`pbanalysis.stats.resampling.bootstrap`.

    Returns
    -------
    LearningGain

    Notes
    -----
    A gain is not an effect: no comparison group. Assumes independent branches, and that those who
    dropped out are like the others (compare ``dropout_pre_mean``). Becker (1988); Efron (1987).

    Examples
    --------
    >>> g = learning_gain([50, 60, 70, 80, 90, 55], [60, 65, 80, 85, 90, float("nan")], list("aabbcc"),
    ...                   full_mark=90)
    >>> g.matched_n, g.pre_only_n, g.ceiling_n, round(g.gain, 2)
    (5, 1, 1, 0.3)
    """
    before, after = np.asarray(pre, dtype=float), np.asarray(post, dtype=float)
    branch = np.asarray(clusters)
    same_length("前测、后测与支部", before, after, branch)
    has_pre, has_post = ~np.isnan(before), ~np.isnan(after)
    matched = has_pre & has_post
    x, y, own = before[matched], after[matched], branch[matched]
    gain = low = high = float("nan")
    units = int(np.unique(own).size)
    if x.size >= _FEW_PERSONS and x.std() > 0:
        gain = smcr(x, y).estimate
        if units >= 3:
            centred = x - x.mean()  # the squares of large scores would cost digits
            ends = bootstrap(
                _smcr_of_sums,
                np.ones_like(x),
                centred,
                centred**2,
                y - x,
                clusters=own,
                of_sums=True,
                confidence=confidence,
                resamples=resamples,
                seed=seed,
            )
            low, high = ends.low, ends.high
    regression = float("nan")
    if population_mean is not None and reliability is not None and x.size:
        regression = regression_to_the_mean(float(x.mean()), population_mean, reliability)
    return LearningGain(
        matched_n=int(matched.sum()),
        pre_only_n=int((has_pre & ~has_post).sum()),
        post_only_n=int((has_post & ~has_pre).sum()),
        pre_mean=_mean(x),
        post_mean=_mean(y),
        dropout_pre_mean=_mean(before[has_pre & ~has_post]),
        gain=gain,
        low=low,
        high=high,
        clusters_n=units,
        ceiling_n=0 if full_mark is None else int((x >= full_mark).sum()),
        expected_regression=regression,
    )


def regression_to_the_mean(group_mean: float, population_mean: float, reliability: float) -> float:
    """Mean change to be expected on a second test if nothing was learnt.

    Parameters
    ----------
    group_mean : float
        Mean of the chosen group on the first test.
    population_mean : float
        Mean of all who might have been chosen.
    reliability : float
        Correlation of two tests of the same persons, in [0, 1].

    Returns
    -------
    float
        (1 − reliability)·(population mean − group mean): positive for a group chosen for being low.

    Notes
    -----
    Assumes equal mean and variance on both tests and a linear regression. Galton (1886).

    Examples
    --------
    >>> regression_to_the_mean(55, 70, reliability=0.6)
    6.0
    """
    if not 0 <= reliability <= 1:
        raise ValueError(f"信度应在 0 与 1 之间，收到 {reliability}")
    return (1 - reliability) * (population_mean - group_mean)


def selection_effect(chosen: int, total: int, sd: float, reliability: float) -> float:
    """Apparent gain of the lowest `chosen` of `total` normal units, by regression to the mean alone.

    Parameters
    ----------
    chosen, total : int
        The lowest `chosen` of `total` are looked at again.
    sd : float
        Standard deviation of the observed scores.
    reliability : float
        In [0, 1].

    Returns
    -------
    float

    Notes
    -----
    Assumes normal scores; mean of the lowest normal order statistics by Blom's approximation.
    Davis (1976), Am J Epidemiol 104:493.

    Examples
    --------
    >>> round(selection_effect(5, 20, sd=8, reliability=0.5), 1)
    4.9
    """
    if not 0 < chosen <= total or sd < 0:
        raise ValueError(f"选取数应在 1 与总数之间、标准差非负，收到 {chosen}、{total}、{sd}")
    scores = special.ndtri((np.arange(1, chosen + 1) - 0.375) / (total + 0.25))
    return regression_to_the_mean(float(scores.mean()) * sd, 0.0, reliability)


def _smcr_of_sums(n: Floats, pre: Floats, squares: Floats, change: Floats) -> Floats:
    """SMCR of resamples given by their sums; NaN where all scores before are equal."""
    variance = (squares - pre**2 / n) / (n - 1)
    varies = (n >= _FEW_PERSONS) & (variance > 1e-9 * squares / n)
    found: Floats = correction(n - 1) * change / n / np.sqrt(np.where(varies, variance, np.nan))
    return found


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _least_squares(design: Floats, y: Floats) -> Coefficient:
    """Ordinary least squares; the t-test of the first column."""
    df = y.size - design.shape[1]
    if df < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("人数过少或前测与分组完全相关，无法估计")
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ solution
    variance = float(residual @ residual) / df * np.linalg.inv(design.T @ design)[0, 0]
    estimate, error = float(solution[0]), float(np.sqrt(variance))
    t = estimate / error if error > 0 else float("nan")
    return Coefficient(estimate, error, t, 2 * float(special.stdtr(df, -abs(t))))
