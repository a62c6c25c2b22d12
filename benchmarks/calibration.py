"""Measure whether the statistics hold what they promise; prints the tables of docs/calibration.md.

    python benchmarks/calibration.py [--counties 1000] [--seed 2023] [--workers 2]

Coverage of intervals for counts is computed by enumeration, everything else simulated with a seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import numpy as np
from scipy import special, stats

from pbanalysis.stats import (
    clusters,
    competing,
    effects,
    finite,
    funnel,
    intervals,
    ranks,
    reliability,
    resampling,
    shrinkage,
    survival,
    trend,
)

SIZES = (3, 5, 10, 20, 50, 100)
RATES = np.linspace(0.05, 0.95, 181)
LEVELS = (0.6, 0.7, 0.8, 0.9, 0.95)
INDICATORS = 15

Sample = Callable[[np.random.Generator, int], tuple[float, float, float]]


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a markdown table."""
    print(f"\n## {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


# --- coverage by enumeration -------------------------------------------------------------------


def cell(coverage: np.ndarray) -> str:
    """Mean and least coverage over the grid of truths."""
    return f"{100 * coverage.mean():.1f} ({100 * coverage.min():.1f})"


def binomial_coverage(method: Callable[..., intervals.Interval], n: int) -> np.ndarray:
    x = np.arange(n + 1)
    low, high = method(x, np.full(n + 1, n))
    inside = (low[:, None] <= RATES) & (high[:, None] >= RATES)
    return (inside * stats.binom.pmf(x[:, None], n, RATES)).sum(axis=0)


def wald(x: np.ndarray, n: np.ndarray) -> intervals.Interval:
    """The textbook interval, for contrast only."""
    half = special.ndtri(0.975) * np.sqrt(x / n * (1 - x / n) / n)
    return intervals.Interval(x / n - half, x / n + half)


def newcombe_coverage(n: int) -> np.ndarray:
    grid, x = RATES[::10], np.arange(n + 1)
    d = intervals.newcombe(x[:, None], n, x[None, :], n)
    mass = stats.binom.pmf(x[:, None], n, grid)
    return np.array(
        [
            (((d.low <= p - q) & (p - q <= d.high)) * np.outer(mass[:, i], mass[:, j])).sum()
            for i, p in enumerate(grid)
            for j, q in enumerate(grid)
        ]
    )


def poisson_coverage(method: Callable[..., intervals.Interval], mean: int) -> np.ndarray:
    means, x = np.linspace(0.8 * mean, 1.2 * mean, 41), np.arange(4 * mean + 40)
    low, high = method(x)
    inside = (np.nan_to_num(low)[:, None] <= means) & (means <= high[:, None])
    return (inside * stats.poisson.pmf(x[:, None], means)).sum(axis=0)


def finite_coverage(checked: int) -> np.ndarray:
    """Over every number of faulty files among four times as many files."""
    total = 4 * checked
    ends = np.array([finite.faulty_interval(x, checked, total) for x in range(checked + 1)])
    truth = np.arange(total + 1)
    inside = (ends[:, :1] <= truth) & (truth <= ends[:, 1:])
    return (inside * stats.hypergeom.pmf(np.arange(checked + 1)[:, None], total, truth, checked)).sum(axis=0)


def enumerated() -> Iterator[Sequence[object]]:
    def binomial(method: Callable[..., intervals.Interval]) -> Callable[[int], np.ndarray]:
        return lambda n: binomial_coverage(method, n)

    def poisson(method: Callable[..., intervals.Interval]) -> Callable[[int], np.ndarray]:
        return lambda n: poisson_coverage(method, n)

    rows: list[tuple[str, Callable[[int], np.ndarray]]] = [
        ("Wilson", binomial(intervals.wilson)),
        ("Clopper–Pearson", binomial(intervals.clopper_pearson)),
        ("(Wald, not offered)", binomial(wald)),
        ("Newcombe difference, n per group", newcombe_coverage),
        ("hypergeometric files, n of 4n", finite_coverage),
        ("exact Poisson, mean n", poisson(intervals.poisson_exact)),
        ("Byar, mean n", poisson(intervals.byar)),
        ("exact below 10, Byar from 10", poisson(intervals.count_interval)),
    ]
    for name, coverage in rows:
        yield [name, *(cell(coverage(n)) for n in SIZES)]


# --- coverage by simulation: each sample returns low, high, truth -------------------------------


def km_median(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    time, end = rng.exponential(30, n), rng.uniform(10, 120, n)
    q = survival.kaplan_meier(np.minimum(time, end), time <= end).median()
    return (0.0 if np.isnan(q.low) else q.low), (np.inf if np.isnan(q.high) else q.high), 30 * np.log(2)


def restricted_mean(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    # follow-up of at least 40 days, so that every sample reaches the horizon
    time, end = rng.exponential(30, n), rng.uniform(40, 120, n)
    km = survival.kaplan_meier(np.minimum(time, end), time <= end)
    r = km.restricted_mean(40)
    return r.low, r.high, 30 * (1 - np.exp(-40 / 30))


def incidence(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    time, end = rng.exponential(20, n), rng.uniform(35, 120, n)
    cause = np.where(time <= end, np.where(rng.random(n) < 2 / 3, 1, 2), 0)
    low, high = competing.cumulative_incidence(np.minimum(time, end), cause).interval(30)
    return float(low), float(high), 2 / 3 * (1 - np.exp(-30 / 20))


def hedges(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    return *effects.hedges_g(rng.normal(0.5, 1, n), rng.normal(0, 1, n)).interval(), 0.5


def pre_post(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    pre = rng.normal(0, 1, n)
    return pre, 0.5 + 0.7 * pre + rng.normal(0, np.sqrt(1 - 0.49), n)


def change_metric(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    return *effects.smcc(*pre_post(rng, n)).interval(), 0.5 / np.sqrt(0.6)


def raw_metric(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    return *effects.smcr(*pre_post(rng, n)).interval(), 0.5


def paired_t(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    change = effects.paired_change(*pre_post(rng, n))
    return change.low, change.high, 0.5


def feldt(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    a = reliability.cronbach_alpha(rng.normal(0, 1, (n, 1)) + rng.normal(0, 1, (n, 5)))
    return a.low, a.high, 5 / 6


def kappa(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    truth = rng.random(n) < 0.4
    wrong = rng.random((2, n)) < 0.1
    first, second = truth ^ wrong
    table_ = reliability.contingency(np.append(first, [0, 1]), np.append(second, [0, 1]))
    table_ = table_ - np.eye(2, dtype=np.int64)  # the two added files only fix the categories
    k = reliability.cohen_kappa(table_)
    yes = 0.4 * 0.9 + 0.6 * 0.1
    chance = yes**2 + (1 - yes) ** 2
    return k.low, k.high, (0.82 - chance) / (1 - chance)


def slope(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    s = trend.theil_sen(np.arange(n) + rng.standard_t(3, n))
    return s.low, s.high, 1.0


def bca(rng: np.random.Generator, n: int) -> tuple[float, float, float]:
    b = resampling.bootstrap(np.mean, rng.normal(0, 1, n), resamples=400, seed=int(rng.integers(2**31)))
    return b.low, b.high, 0.0


def bca_branches(rng: np.random.Generator, branches: int) -> tuple[float, float, float]:
    branch = np.repeat(np.arange(branches), 8)
    score = rng.normal(0, 0.5, branches)[branch] + rng.normal(0, 1, branch.size)
    seed = int(rng.integers(2**31))
    b = resampling.bootstrap(np.mean, score, clusters=branch, resamples=400, seed=seed)
    return b.low, b.high, 0.0


def simulated(rng: np.random.Generator) -> Iterator[Sequence[object]]:
    rows: list[tuple[str, Sample, int]] = [
        ("Kaplan–Meier median (Brookmeyer–Crowley), a third censored", km_median, 2000),
        ("restricted mean", restricted_mean, 2000),
        ("cumulative incidence ± 1.96 SE", incidence, 2000),
        ("Hedges g, n per group", hedges, 2000),
        ("SMCC ± 1.96 SE", change_metric, 2000),
        ("SMCR ± 1.96 SE", raw_metric, 2000),
        ("paired t", paired_t, 2000),
        ("Cronbach α (Feldt), 5 items", feldt, 2000),
        ("Cohen κ", kappa, 2000),
        ("Theil–Sen slope, t₃ noise", slope, 1000),
        ("BCa mean of n persons", bca, 250),
        ("BCa mean of n branches of 8", bca_branches, 250),
    ]
    for name, sample, repeats in rows:
        yield [name, *(simulated_cell(sample, rng, n, repeats) for n in SIZES)]


def simulated_cell(sample: Sample, rng: np.random.Generator, n: int, repeats: int) -> str:
    ends = np.array([sample(rng, n) for _ in range(repeats)])
    made = ~np.isnan(ends[:, :2]).any(axis=1)
    low, high, truth = ends[made].T
    missing = f"; {percent(1 - made.mean(), 0)} none" if not made.all() else ""
    return f"{100 * ((low <= truth) & (truth <= high)).mean():.1f}{missing}"


# --- many units: ranks, shrinkage, funnel ---------------------------------------------------------


def joint(rng: np.random.Generator) -> Iterator[Sequence[object]]:
    """20 townships whose rates differ a little (standard deviation 0.1)."""
    ranked: list[object] = ["joint rank intervals: all 20 hold"]
    equal: list[object] = ["mean width, 20 equal townships (places)"]
    shrunk: list[object] = ["empirical Bayes posterior interval"]
    for n in SIZES:
        held, width, inside = [], [], []
        for _ in range(300):
            truth = rng.beta(15, 6, 20)
            x = rng.binomial(n, truth)
            r = ranks.rank_proportions(x, [n] * 20)
            place = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
            held.append(((r.best <= place) & (place <= r.worst)).all())
            same = ranks.rank_proportions(rng.binomial(n, 0.7, 20), [n] * 20)
            width.append((same.worst - same.best).mean())
            post = shrinkage.posterior(x, [n] * 20, shrinkage.prior_moments(x, [n] * 20))
            inside.append(((post.low <= truth) & (truth <= post.high)).mean())
        ranked.append(f"{100 * np.mean(held):.1f}")
        equal.append(f"{np.mean(width):.1f}")
        shrunk.append(f"{100 * np.mean(inside):.1f}")
    return iter([ranked, equal, shrunk])


def funnel_limits() -> Iterator[Sequence[object]]:
    """How often an equal township lies outside, over rates 0.5…0.95, by enumeration."""
    for n in (5, 10, 20, 40, 100):
        x, ours, normal = np.arange(n + 1), [], []
        for p in np.linspace(0.5, 0.95, 46):
            mass = stats.binom.pmf(x, n, p)
            c = funnel.compare(x, np.full(n + 1, n), baseline=float(p), min_denominator=1)
            ours.append((mass[c.p_value < 0.05].sum(), mass[c.exact_p_value < 0.002].sum()))
            z = np.abs(x / n - p) / np.sqrt(p * (1 - p) / n)
            normal.append((mass[z > special.ndtri(0.975)].sum(), mass[z > special.ndtri(0.999)].sum()))
        spread = [f"{100 * a:.2f}–{100 * b:.2f}" for a, b in zip(np.min(ours, 0), np.max(ours, 0))]
        usual = [f"{100 * a:.1f}–{100 * b:.1f}" for a, b in zip(np.min(normal, 0), np.max(normal, 0))]
        yield [n, *spread, *usual]


def branch_counts(rng: np.random.Generator, sizes: np.ndarray, rate: float, rho: float) -> np.ndarray:
    """Successes of each branch of ten records that go together (correlation rho), townships one after another."""
    weight, branches = 1 / rho - 1, int(sizes.sum()) // 10
    return rng.binomial(10, rng.beta(rate * weight, (1 - rate) * weight, branches))


def compared(
    rng: np.random.Generator, sizes: np.ndarray, rate: float, rho: float, allow: bool
) -> funnel.Comparison:
    """One indicator of a county of equal townships."""
    if rho == 0:
        return funnel.compare(rng.binomial(sizes, rate), sizes)
    x, town = branch_counts(rng, sizes, rate, rho), np.repeat(np.arange(sizes.size), sizes // 10)
    effect = clusters.design_effect(x, np.full(x.shape, 10), town) if allow else funnel.INDEPENDENT
    return funnel.compare(np.bincount(town, x), sizes, effect=effect)


SCENARIOS = [
    ("20 × 15, n = 10", np.full(20, 10), 0.0, False),
    ("20 × 15, n = 40", np.full(20, 40), 0.0, False),
    ("20 × 15, n = 100", np.full(20, 100), 0.0, False),
    ("20 × 15, one holds a third", np.append(np.full(19, 40), 380), 0.0, False),
    ("8 × 15, n = 40 (each out of its baseline)", np.full(8, 40), 0.0, False),
    ("3 × 15, n = 40 (each out of its baseline)", np.full(3, 40), 0.0, False),
    ("20 × 15, n = 100, branches of 10 with ρ = 0.1, taken as independent", np.full(20, 100), 0.1, False),
    ("the same, the branches' design effect allowed for", np.full(20, 100), 0.1, True),
]
GAPS = [(0.8, 0.4), (0.6, 0.3), (0.5, 0.25), (0.4, 0.8), (0.3, 0.6), (0.25, 0.5), (0.2, 0.4), (0.1, 0.2)]


def null_county(
    scenario: tuple[str, np.ndarray, float, bool], counties: int, seed: np.random.SeedSequence
) -> Sequence[object]:
    """Equal townships: every flag is wrong."""
    name, sizes, rho, allow = scenario
    rng = np.random.default_rng(seed)
    inner, outer, flags = np.zeros(counties), np.zeros(counties), np.zeros(counties)
    for i in range(counties):
        family = []
        for j in range(INDICATORS):
            family.append(compared(rng, sizes, LEVELS[j % len(LEVELS)], rho, allow))
        inner[i] = sum((c.p_value < 0.05).sum() for c in family)
        outer[i] = sum((c.exact_p_value < 0.002).sum() for c in family)
        flags[i] = sum(np.isin(v.state, ["high", "low"]).sum() for v in funnel.judge(family))
    total = sizes.size * INDICATORS
    return [
        name,
        f"{inner.mean():.2f} (≤ {0.05 * total:.1f})",
        f"{outer.mean():.3f} (≤ {0.002 * total:.2f})",
        f"{flags.mean():.3f}",
        f"{percent((flags > 0).mean())} (≤ 5 %)",
    ]


def planted(gap: tuple[float, float], counties: int, seed: np.random.SeedSequence) -> Sequence[object]:
    """One township differs twofold in one of 15 indicators, n = 100."""
    usual, odd = gap
    rng, sizes = np.random.default_rng(seed), np.full(20, 100)
    rates = np.array([np.full(20, LEVELS[j % len(LEVELS)]) for j in range(INDICATORS)])
    rates[0] = np.append(np.full(19, usual), odd)
    side = "low" if odd < usual else "high"
    found, seen, wrong = 0, 0, 0
    for _ in range(counties):
        states = np.array(
            [v.state for v in funnel.judge([funnel.compare(rng.binomial(sizes, r), sizes) for r in rates])]
        )
        flagged = np.isin(states, ["high", "low"])
        found += states[0, -1] == side
        seen += str(states[0, -1]).endswith(side)
        wrong += flagged.sum() - flagged[0, -1]
    return [
        f"{usual:.2f} → {odd:.2f}",
        percent(found / counties),
        percent(seen / counties),
        f"{wrong / counties:.3f}",
    ]


# --- how much of a gap can be found at all ----------------------------------------------------------

RECORDS = (50, 100, 125, 150, 200, 300)
FIRST = 0.05 / (20 * INDICATORS)  # what Benjamini–Hochberg asks of the only gap among 300 comparisons


def power(usual: float, odd: float, n: int) -> float:
    """Chance that `high`/`low` is said of the one township that differs, the others at their expectation."""
    x, others = np.arange(n + 1), np.full(19, round(n * usual))
    judged = [funnel.compare(np.append(others, k), np.full(20, n)) for k in x]
    found = [(c.p_value[-1] < FIRST) & (c.exact_p_value[-1] < funnel.OUTER) for c in judged]
    side = np.sign(x / n - usual) == np.sign(odd - usual)
    return float(stats.binom.pmf(x, n, odd)[np.array(found) & side].sum())


def best_power(usual: float, odd: float, n: int, tail: float) -> float:
    """Power of the best test there is of a known rate at this tail: Neyman and Pearson's, with a toss at the edge."""
    x = np.arange(n + 1)
    x = x if odd < usual else x[::-1]  # the most telling counts first
    under, above = stats.binom.pmf(x, n, usual), stats.binom.pmf(x, n, odd)
    whole = np.cumsum(under) <= tail
    edge = int(whole.sum())
    return float(above[whole].sum() + above[edge] * (tail - under[whole].sum()) / under[edge])


def found_by_size() -> Iterator[Sequence[object]]:
    """Power by usual rate and records, beside that of the best two-sided and one-sided test of a known rate."""
    for usual, odd in GAPS:
        cells = []
        for n in RECORDS:
            best = [best_power(usual, odd, n, tail) for tail in (FIRST / 2, FIRST)]
            cells.append(f"{100 * power(usual, odd, n):.0f} ({100 * best[0]:.0f}; {100 * best[1]:.0f})")
        yield [f"{usual:.2f} → {odd:.2f}", *cells]


def together() -> Iterator[Sequence[object]]:
    """Coverage over rates 0.5…0.95 where the ten records of a branch go together (correlation 0.1), 20 townships."""
    rng = np.random.default_rng(5)
    for n in (20, 50, 100, 200):
        held: list[tuple[float, float]] = []
        for rate in np.tile(np.linspace(0.5, 0.95, 10), 20):
            x, town = branch_counts(rng, np.full(20, n), rate, 0.1), np.repeat(np.arange(20), n // 10)
            total, effect = np.bincount(town, x), clusters.design_effect(x, np.full(x.shape, 10), town)
            both = (intervals.wilson(total, n), clusters.clustered_wilson(total, n, effect))
            held.append(tuple(((low <= rate) & (rate <= high)).mean() for low, high in both))
        yield [n, *(f"{100 * share:.1f}" for share in np.mean(held, axis=0))]


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counties", type=int, default=1000, help="simulated counties per scenario")
    parser.add_argument("--seed", type=int, default=2023)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    start, rng = time.perf_counter(), np.random.default_rng(arguments.seed)
    sizes = [f"n = {n}" for n in SIZES]
    counties = arguments.counties
    print(f"seed {arguments.seed}, {counties} counties per scenario")
    table("Coverage of 95 % intervals, enumerated: mean (least) %", ["interval", *sizes], enumerated())
    table("Coverage of 95 % intervals, simulated, %", ["interval", *sizes], simulated(rng))
    table("Many townships together, 95 %", ["what", *sizes], joint(rng))
    table(
        "Equal townships outside the funnel, % over rates 0.5–0.95",
        ["n", "95 % mid-p", "99.8 % exact", "95 % normal", "99.8 % normal"],
        funnel_limits(),
    )
    table(
        "Records of one branch that go together (correlation 0.1): coverage of 95 % intervals, %",
        ["records in a township", "Wilson", "Wilson with the branches' design effect"],
        together(),
    )
    seeds = np.random.SeedSequence(arguments.seed).spawn(len(SCENARIOS) + len(GAPS))
    with ProcessPoolExecutor(arguments.workers) as pool:
        null = pool.map(null_county, SCENARIOS, repeat(counties), seeds)
        gaps = pool.map(planted, GAPS, repeat(max(counties // 4, 1)), seeds[len(SCENARIOS) :])
        table(
            "Counties of equal townships: every flag is wrong",
            ["county", "outside 95 %", "outside 99.8 %", "high/low", "counties with any high/low"],
            null,
        )
        table(
            "One planted twofold gap, 20 townships × 15 indicators, n = 100",
            ["rate", "high/low", "at least possible_", "wrong flags per county"],
            gaps,
        )
    table(
        "The same gap by number of records: % found as high/low (best two-sided; best one-sided test of a known rate)",
        ["rate", *(f"n = {n}" for n in RECORDS)],
        found_by_size(),
    )
    print(f"\n{time.perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
