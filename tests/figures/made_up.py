"""Made-up results, one factory per result type: the structure of the trial, nothing that comes from a patient."""

# ruff: noqa: E501

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from her2het.results.cohort import CohortTable, GroupAssignment, SampleFlow
from her2het.results.expression import BiopsyDistance, MarkerExpression, MrnaProtein, SampleComponents, SampleQc
from her2het.results.fish import FishByGroup, FishHeterogeneity
from her2het.stats.estimate import Estimate, Note

LABELS = ("pCR", "non-HET/no pCR", "HET/no pCR")
SIZES = (64, 51, 14)
GENES = ("ERBB2", "ESR1", "PGR")
NOTHING = pd.DataFrame(columns=["what", "id", "reason", "decided_by"])


@dataclass(frozen=True)
class Names:
    """What a made-up study calls its groups, and how its patients' names begin."""

    labels: tuple[str, ...] = LABELS
    sizes: tuple[int, ...] = SIZES
    prefix: str = "P"


def patients(names: Names, seed: int = 7) -> pd.DataFrame:
    """patient, group and clinical variables."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.array(names.labels, dtype=object), names.sizes)
    at = np.repeat(np.arange(len(names.labels)), names.sizes)
    order = rng.permutation(len(group))
    group, at = group[order], at[order]
    n = len(group)
    frame = pd.DataFrame({"patient": [f"{names.prefix}{i:03d}" for i in range(1, n + 1)], "group": group, "_at": at})
    frame["pcr"] = pd.Series(at == 0).astype("boolean")
    frame["het"] = pd.Series(at == 2).astype("boolean")
    frame["rcb"] = np.where(at == 0, 0.0, np.clip(rng.normal(2.0, 0.8, n), 0.4, 4.8))
    frame["age"] = rng.normal(51, 11, n).round().clip(24, 84)
    frame["er"] = pd.Series(rng.random(n) < 0.6).astype("boolean")
    frame["nodes"] = pd.Series(rng.random(n) < 0.45).astype("boolean").mask(pd.Series(rng.random(n) < 0.05))
    frame["rcb_class"] = pd.Categorical(
        np.where(at == 0, "0", rng.choice(["I", "II", "III"], n, p=[0.3, 0.5, 0.2])), categories=["0", "I", "II", "III"]
    )
    return frame


def rank_sum(quantity: str, unit: str, groups: tuple[str, str], values: dict[str, np.ndarray], family: str) -> Estimate:
    """Two-sided rank-sum test with a Hodges-Lehmann shift, q left to `adjusted`."""
    treated, control = (np.asarray(values[g], float) for g in groups)
    if min(len(treated), len(control)) < 2:
        nan = math.nan
        n = (len(treated), len(control))
        return Estimate(
            " − ".join(groups),
            "shift",
            unit,
            nan,
            nan,
            nan,
            n,
            "two-sided rank-sum test",
            nan,
            quantity=quantity,
            groups=groups,
            remark="too few",
        )
    shifts = np.sort(np.subtract.outer(treated, control), axis=None)
    half = 1.96 * np.sqrt(len(treated) * len(control) * (len(treated) + len(control) + 1) / 12)
    rank = max(0, int(len(treated) * len(control) / 2 - half))
    biserial = float(np.sign(np.subtract.outer(treated, control)).mean())
    error = 1.0 / np.sqrt(min(len(treated), len(control)))
    return Estimate(
        " − ".join(groups), "shift", unit, float(np.median(shifts)), float(shifts[rank]), float(shifts[-1 - rank]),
        (len(treated), len(control)), "two-sided rank-sum test, Hodges–Lehmann shift",
        float(stats.mannwhitneyu(treated, control).pvalue), family=family, standard=biserial,
        standard_low=max(-1.0, biserial - error * 0.6), standard_high=min(1.0, biserial + error * 0.6),
        quantity=quantity, groups=groups,
    )  # fmt: skip


def correlation(quantity: str, contrast: str, x: np.ndarray, y: np.ndarray, family: str) -> Estimate:
    """Pearson r with its Fisher interval."""
    known = np.isfinite(x) & np.isfinite(y)
    if np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
        nan = math.nan
        return Estimate(
            contrast,
            "Pearson r",
            "",
            nan,
            nan,
            nan,
            (int(known.sum()),),
            "Pearson correlation",
            nan,
            quantity=quantity,
            remark="constant",
        )
    r = stats.pearsonr(x[known], y[known])
    low, high = r.confidence_interval()
    value = float(r.statistic)
    return Estimate(
        contrast, "Pearson r", "", value, float(low), float(high), (int(known.sum()),), "Pearson correlation, Fisher interval",
        float(r.pvalue), family=family, standard=value, standard_low=float(low), standard_high=float(high), quantity=quantity,
    )  # fmt: skip


def adjusted(estimates: list[Estimate]) -> tuple[Estimate, ...]:
    """Benjamini-Hochberg over those that were tested."""
    from dataclasses import replace

    p = [e.p for e in estimates if not math.isnan(e.p)]
    q = iter(stats.false_discovery_control(p)) if p else iter(())
    return tuple(e if math.isnan(e.p) else replace(e, q=float(next(q))) for e in estimates)


def pairs_of(labels: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each later group against each earlier one."""
    return [(b, a) for i, a in enumerate(labels) for b in labels[i + 1 :]]


def boxes(values: pd.DataFrame, quantity: str, order: tuple[str, ...]) -> pd.DataFrame:
    """Five numbers of each group, whiskers to the furthest value within 1.5 IQR."""
    rows = []
    for group in order:
        v = values.loc[values["group"] == group, "value"].dropna().to_numpy(float)
        if not len(v):
            rows.append((quantity, group, 0, *[math.nan] * 5))
            continue
        q1, q2, q3 = np.percentile(v, [25, 50, 75])
        inside = v[(v >= q1 - 1.5 * (q3 - q1)) & (v <= q3 + 1.5 * (q3 - q1))]
        rows.append((quantity, group, len(v), q1, q2, q3, inside.min(), inside.max()))
    return pd.DataFrame(rows, columns=["quantity", "group", "n", "q1", "median", "q3", "low", "high"])


def fit(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """Least squares with the 95 % band of the mean."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    slope, intercept = np.polyfit(x, y, 1)
    grid = np.linspace(x.min(), x.max(), 40)
    spread = np.sqrt(((y - slope * x - intercept) ** 2).sum() / (len(x) - 2))
    half = 1.98 * spread * np.sqrt(1 / len(x) + (grid - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    middle = slope * grid + intercept
    return pd.DataFrame({"x": grid, "y": middle, "low": middle - half, "high": middle + half})


def marker_expression(names: Names | None = None, effect: float = 1.0) -> MarkerExpression:
    """ERBB2 falls from the first group to the last by `effect`; ESR1 and PGR do not differ."""
    names = names or Names()
    rng = np.random.default_rng(11)
    people = patients(names)
    rows, box, fits, tests, relations = [], [], [], [], []
    for gene, level in zip(GENES, (11.3, 7.0, 5.0), strict=True):
        shift = -effect * people["_at"].to_numpy(float) if gene == "ERBB2" else 0.0
        value = level + shift + rng.normal(0, 0.85 if gene == "ERBB2" else 1.8, len(people))
        rcb = np.clip(people["rcb"].to_numpy(float) - 0.2 * (value - level) * (people["_at"] > 0), 0, 6)
        frame = pd.DataFrame(
            {"gene": gene, "patient": people["patient"], "group": people["group"], "value": value, "rcb": rcb}
        )
        frame.loc[frame.index[3], "rcb"] = np.nan
        rows.append(frame)
        box.append(boxes(frame, gene, names.labels))
        by = {g: part["value"].to_numpy() for g, part in frame.groupby("group")}
        tests += [
            rank_sum(gene, "log2_cpm1", pair, by, "3 genes × 3 pairs of groups") for pair in pairs_of(names.labels)
        ]
        relations.append(correlation(gene, f"{gene}, RCB", value, frame["rcb"].to_numpy(), "3 genes"))
        fits.append(fit(value, frame["rcb"].to_numpy()).assign(gene=gene))
    return MarkerExpression(
        pd.concat(rows, ignore_index=True), pd.concat(box, ignore_index=True), pd.concat(fits, ignore_index=True),
        adjusted(tests), adjusted(relations), names.labels, names.labels[0], "log2_cpm1", NOTHING,
        (Note("note", "14 patients are HET", "Intervals that involve this group are wide; an absent difference is not shown to be absent."),),
    )  # fmt: skip


def mrna_protein(names: Names | None = None) -> MrnaProtein:
    """mRNA follows protein in three genes."""
    names = names or Names()
    rng = np.random.default_rng(12)
    people = patients(names)
    rows, fits, tests = [], [], []
    for gene, protein in zip(GENES, ("HER2, % of cells 3+", "ER, % of cells", "PR, % of cells"), strict=True):
        share = np.clip(rng.beta(0.7, 0.7, len(people)) * 110 - 5, 0, 100).round()
        mrna = 4 + 0.03 * share + rng.normal(0, 1.0, len(people))
        frame = pd.DataFrame(
            {
                "gene": gene,
                "protein": protein,
                "patient": people["patient"],
                "group": people["group"],
                "mrna": mrna,
                "protein_value": share,
            }
        )
        frame.loc[frame.index[:5], "protein_value"] = np.nan
        rows.append(frame)
        fits.append(fit(frame["protein_value"].to_numpy(), mrna).assign(gene=gene))
        tests.append(correlation(gene, f"{gene} mRNA, protein", frame["protein_value"].to_numpy(), mrna, "3 genes"))
    return MrnaProtein(
        pd.concat(rows, ignore_index=True), pd.concat(fits, ignore_index=True), adjusted(tests), names.labels, names.labels[0],
        "log2_cpm1", NOTHING, (),
    )  # fmt: skip


def samples_of(names: Names, followup: int = 43) -> pd.DataFrame:
    """sample, patient, phase: two baseline biopsies for most, some with a residual tumour."""
    people = patients(names)
    rows = []
    for i, row in enumerate(people.itertuples()):
        rows += [(f"{row.patient}-{core}", row.patient, row.group, "baseline") for core in ("A" if i < 16 else "AB")]
    with_residual = people[people["_at"] > 0].head(followup)
    rows += [
        (f"{p}-R", p, g, "followup") for p, g in zip(with_residual["patient"], with_residual["group"], strict=True)
    ]
    return pd.DataFrame(rows, columns=["sample", "patient", "group", "phase"])


def sample_qc(names: Names | None = None, outliers: int = 7) -> SampleQc:
    """A cloud of libraries and a few far along PC2."""
    names = names or Names()
    rng = np.random.default_rng(13)
    frame = samples_of(names)
    frame = (
        pd.concat([frame, frame.tail(outliers).assign(sample=lambda f: f["sample"] + "x")], ignore_index=True)
        if outliers
        else frame
    )
    n = len(frame)
    scores = rng.normal(0, [60, 30, 20, 15, 12], (n, 5))
    far = np.arange(n) >= n - outliers
    scores[far, 1] = rng.uniform(300, 480, outliers)
    literal = (scores[:, 1] - scores[:, 1].mean()) / scores[:, 1].std()
    mad = 1.4826 * np.median(np.abs(scores - np.median(scores, 0)), 0)
    robust = np.max(np.abs(scores - np.median(scores, 0)) / mad, axis=1)
    frame = frame.drop(columns="group").assign(
        batch=rng.choice(["one", "two"], n), lib_size=rng.lognormal(17, 0.35, n).astype(int), norm_factor=rng.normal(1, 0.1, n),
        detected_genes=rng.integers(14000, 19000, n), protein_coding_share=np.where(far, 0.55, 0.93) + rng.normal(0, 0.015, n),
        noncoding_share=0.05, mitochondrial_share=0.02,
    )  # fmt: skip
    for i in range(5):
        frame[f"pc{i + 1}"] = scores[:, i]
    frame = frame.assign(literal_z=literal, robust_z=robust, literal_flag=np.abs(literal) > 5, robust_flag=robust > 5)
    frame["excluded"] = far
    frame["reason"] = np.where(far, "PC2 beyond mean ± 5 SD", "")
    return SampleQc(
        frame, pd.DataFrame({"component": range(1, 6), "share": [0.18, 0.096, 0.06, 0.04, 0.03]}), "literal", 5.0, 18_432,
        pd.DataFrame({"what": "sample", "id": frame.loc[far, "sample"], "reason": "PC2 beyond mean ± 5 SD", "decided_by": "sample_qc.limit = 5"}),
        (Note("caution", "The published rule can miss outliers", "Several equal outliers widen the SD by which they are judged."),) if outliers else (),
    )  # fmt: skip


def sample_components(names: Names | None = None) -> SampleComponents:
    """Overlapping groups; PC2 goes with ER."""
    names = names or Names()
    rng = np.random.default_rng(14)
    people = patients(names).set_index("patient")
    parts, ellipses, explained = [], [], []
    for which in ("all", "baseline"):
        frame = samples_of(names)
        frame = frame if which == "all" else frame[frame["phase"] == "baseline"]
        centre = pd.DataFrame(rng.normal(0, [17, 11, 8, 6, 5], (len(people), 5)), index=people.index)
        scores = centre.loc[frame["patient"]].to_numpy() + rng.normal(0, 5, (len(frame), 5))
        scores[:, 1] += 9 * people.loc[frame["patient"], "er"].to_numpy(dtype=float)
        scores[:, 0] += 20 * (frame["phase"] == "followup").to_numpy()
        frame = frame.assign(which=which, **{f"pc{i + 1}": scores[:, i] for i in range(5)}).reset_index(drop=True)
        for name in ("pcr", "het", "rcb", "rcb_class", "age", "er", "nodes"):
            frame[name] = people.loc[frame["patient"], name].to_numpy()
        frame["er"], frame["pcr"], frame["het"], frame["nodes"] = (
            frame[c].astype("boolean") for c in ("er", "pcr", "het", "nodes")
        )
        frame["cellularity"] = np.where(rng.random(len(frame)) < 0.1, np.nan, rng.uniform(20, 95, len(frame)).round())
        frame["batch"] = rng.choice(["run 1", "run 2", "run 3"], len(frame))
        frame["centre"] = [f"centre {i % 9}" for i in range(len(frame))]
        parts.append(frame)
        for group, rows in frame.groupby("group"):
            xy = rows[["pc1", "pc2"]].to_numpy()
            lengths, axes = np.linalg.eigh(np.cov(xy.T)) if len(xy) > 2 else (np.full(2, np.nan), np.eye(2))
            wide, tall = 2 * np.sqrt(2.2789 * lengths)
            ellipses.append((which, group, *xy.mean(0), wide, tall, np.degrees(np.arctan2(axes[1, 0], axes[0, 0]))))
        explained += [(which, i + 1, share) for i, share in enumerate([0.18, 0.096, 0.06, 0.04, 0.03])]
    tests = [
        Estimate(f"PC{c} by {v}", "epsilon squared", "", r2, max(0, r2 - 0.08), r2 + 0.1, (129,), "regression on patient means, F test", p,
                 family="variables × components", quantity=f"PC{c}", standard=math.sqrt(r2), standard_low=0.0, standard_high=math.sqrt(r2 + 0.1))
        for v, c, r2, p in (("group", 1, 0.012, 0.46), ("group", 2, 0.009, 0.55), ("er", 2, 0.14, 1.1e-5), ("age", 1, 0.004, 0.5), ("batch", 1, 0.01, 0.52))
    ]  # fmt: skip
    return SampleComponents(
        pd.concat(parts, ignore_index=True), pd.DataFrame(explained, columns=["which", "component", "share"]),
        pd.DataFrame(ellipses, columns=["which", "group", "x", "y", "width", "height", "angle"]), adjusted(tests), names.labels,
        names.labels[0], 18_432, NOTHING, (),
    )  # fmt: skip


def biopsy_distance(names: Names | None = None) -> BiopsyDistance:
    """Pairs of biopsies; the distance goes with cellularity and with nothing else."""
    names = names or Names()
    rng = np.random.default_rng(15)
    people = patients(names).iloc[16:].reset_index(drop=True)
    n = len(people)
    cellularity = rng.uniform(20, 95, n).round()
    pairs = pd.DataFrame({
        "patient": people["patient"], "sample_a": people["patient"] + "-A", "sample_b": people["patient"] + "-B",
        "distance": 95 - 0.35 * cellularity + rng.gamma(4, 5, n), "distance_two_components": rng.gamma(3, 6, n), "group": people["group"],
        "pcr": people["pcr"], "het": people["het"], "nodes": people["nodes"], "er": people["er"], "rcb": people["rcb"],
        "age": people["age"], "cellularity": cellularity, "fraction": rng.beta(5, 1, n), "area_mm2": rng.lognormal(3, 0.5, n),
    })  # fmt: skip
    box, tests, fits, relations = [], [], [], []
    whole = "Distance between biopsies"
    tests.append(
        Estimate(
            "distance by group",
            "epsilon squared",
            "",
            0.02,
            0.0,
            0.09,
            names.sizes,
            "Kruskal-Wallis, 2 df",
            0.28,
            family="distance",
            quantity=whole,
            groups=names.labels,
        )
    )
    for column, name in (("pcr", "pCR"), ("het", "HET"), ("nodes", "nodes"), ("er", "ER")):
        order = (f"{name} no", f"{name} yes")
        level = pairs[column].map({True: order[1], False: order[0]}, na_action="ignore")
        frame = pd.DataFrame({"group": level.astype(object), "value": pairs["distance"]})
        box.append(boxes(frame, name, order))
        by = {g: part["value"].to_numpy() for g, part in frame.groupby("group")}
        if len(by) == 2:
            tests.append(rank_sum(name, "", order[::-1], by, "distance"))
    for column, name in (
        ("rcb", "Residual cancer burden"),
        ("age", "Age"),
        ("cellularity", "Difference of cellularity"),
        ("fraction", "Amplified fraction"),
        ("area_mm2", "Difference of tumour area"),
    ):
        x, y = pairs[column].to_numpy(float), pairs["distance"].to_numpy(float)
        relations.append(correlation(name, f"{name}, distance", x, y, "distance"))
        fits.append(fit(x, y).assign(variable=name))
    quantile = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    return BiopsyDistance(
        pairs, pd.DataFrame({"quantile": quantile, "distance": stats.norm(135, 16).ppf(quantile)}), pd.concat(box, ignore_index=True),
        pd.concat(fits, ignore_index=True), adjusted(tests), adjusted(relations), names.labels, names.labels[0], NOTHING, (),
    )  # fmt: skip


def fish(names: Names | None = None) -> tuple[FishHeterogeneity, FishByGroup]:
    """Amplified fractions: HET within the band, the others above it."""
    names = names or Names()
    rng = np.random.default_rng(16)
    people = patients(names)
    nuclei = rng.integers(280, 480, len(people))
    share = np.where(
        people["_at"] == 2, rng.uniform(0.08, 0.47, len(people)), rng.beta(9, 1.2, len(people)).clip(0.52, 1)
    )
    amplified = rng.binomial(nuclei, share)
    low, high = (stats.beta.ppf(q, amplified + 0.5, nuclei - amplified + 0.5) for q in (0.025, 0.975))
    fraction = amplified / nuclei
    call = np.where(
        (20 * amplified > nuclei) & (2 * amplified < nuclei),
        "HET",
        np.where(2 * amplified >= nuclei, "NON_HET_AMPLIFIED", "NON_HET_NONAMPLIFIED"),
    )
    table = pd.DataFrame({
        "patient": people["patient"], "phase": "baseline", "nuclei": nuclei, "areas": 6, "amplified": amplified, "fraction": fraction,
        "fraction_low": low, "fraction_high": high, "call": call, "het": call == "HET", "equitability": rng.normal(0.8, 0.06, len(people)), "flags": "",
    })  # fmt: skip
    values, box, tests = [], [], []
    for quantity, column in (("Amplified fraction", "fraction"), ("Equitability", "equitability")):
        frame = pd.DataFrame(
            {"quantity": quantity, "patient": people["patient"], "group": people["group"], "value": table[column]}
        )
        values.append(frame)
        box.append(boxes(frame, quantity, names.labels))
        by = {g: part["value"].to_numpy() for g, part in frame.groupby("group")}
        tests += [rank_sum(quantity, "", pair, by, f"{quantity}, 3 pairs of groups") for pair in pairs_of(names.labels)]
    limits = (0.05, 0.5)
    one = FishHeterogeneity(table.head(0), table.head(0), table, "LI2024", limits, NOTHING, ())
    two = FishByGroup(
        pd.concat(values, ignore_index=True),
        pd.concat(box, ignore_index=True),
        adjusted(tests),
        names.labels,
        names.labels[0],
        limits,
        NOTHING,
        (),
    )
    return one, two


def sample_flow(names: Names | None = None) -> SampleFlow:
    """Four steps to three groups."""
    names = names or Names()
    total = sum(names.sizes)
    steps = pd.DataFrame(
        [
            ("In the tables", 164, pd.NA, "", ""),
            ("With RNA", total, 292, "35 patients", "no RNA counts"),
            ("Passed quality control", total, 285, "7 samples", "PC2 beyond mean ± 5 SD"),
            ("Analysed by group", total, 285, "", ""),
        ],
        columns=["title", "patients", "samples", "lost", "reason"],
    )  # fmt: skip
    rows = []
    for at, (label, n) in enumerate(zip(names.labels, names.sizes, strict=True)):
        rows += [
            (label, n, "Baseline biopsies", 2 * n - 8 // (at + 1)),
            (label, n, "Residual tumours", 0 if at == 0 else n // 2),
            (label, n, "FISH at baseline", n),
        ]
    return SampleFlow(
        steps,
        pd.DataFrame(rows, columns=["group", "patients", "line", "count"]),
        names.labels,
        names.labels[0],
        NOTHING,
        (),
    )


def group_assignment(names: Names | None = None) -> GroupAssignment:
    """Groups as given; two shifts."""
    names = names or Names()
    people = patients(names)
    counts = pd.DataFrame(
        {
            "group": names.labels,
            "patients": names.sizes,
            "baseline_samples": [120, 96, 26][: len(names.labels)],
            "followup_samples": [0, 33, 10][: len(names.labels)],
        }
    )
    return GroupAssignment(
        people[["patient", "group", "het"]].assign(het_source="given", reason=""), samples_of(names), counts,
        pd.DataFrame({"patient": people["patient"].head(2), "before": ["HET", "non-HET"], "after": ["non-HET", "HET"]}),
        pd.DataFrame(columns=["sample", "patient", "phase", "given", "computed"]), names.labels, names.labels[0], "given",
        pd.DataFrame({"what": ["patient"], "id": ["P092"], "reason": ["no HET label and no FISH"], "decided_by": ["group_assignment"]}), (),
    )  # fmt: skip


def cohort_table(names: Names | None = None) -> CohortTable:
    """Age, ER, nodes and RCB class by group."""
    names = names or Names()
    people = patients(names)
    rows = []
    parts = {label: people[people["group"] == label] for label in names.labels} | {"All patients": people}
    for label, part in parts.items():
        age = part["age"].to_numpy(float)
        q1, q2, q3 = np.percentile(age, [25, 50, 75])
        rows.append(("age", "", "continuous", label, f"{q2:.0f} ({q1:.0f}–{q3:.0f})", len(part), q2, q1, q3, 0))
        for variable in ("er", "nodes"):
            known = part[variable].dropna()
            for level, mask in (("yes", known), ("no", ~known)):
                rows.append(
                    (
                        variable,
                        level,
                        "flag",
                        label,
                        f"{int(mask.sum())} ({100 * mask.mean():.0f} %)",
                        len(known),
                        float(mask.mean()),
                        np.nan,
                        np.nan,
                        int(part[variable].isna().sum()),
                    )
                )
        for level in ("0", "I", "II", "III"):
            share = float((part["rcb_class"] == level).mean())
            rows.append(
                (
                    "rcb_class",
                    level,
                    "category",
                    label,
                    f"{int(share * len(part))} ({100 * share:.0f} %)",
                    len(part),
                    share,
                    np.nan,
                    np.nan,
                    0,
                )
            )
    tests = (
        Estimate("age between groups", "ε²", "", 0.02, math.nan, math.nan, names.sizes, "Kruskal–Wallis test", 0.21, 0.32, "4 variables", quantity="age"),
        Estimate("er between groups", "Cramér's V", "", 0.11, math.nan, math.nan, names.sizes, "Fisher's exact test", 0.041, 0.12, "4 variables", quantity="er"),
        Estimate("nodes between groups", "Cramér's V", "", 0.05, math.nan, math.nan, names.sizes, "Fisher's exact test", 0.78, 0.78, "4 variables", quantity="nodes"),
    )  # fmt: skip
    return CohortTable(
        pd.DataFrame(rows, columns=["variable", "level", "kind", "group", "text", "n", "value", "low", "high", "missing"]),
        tests, names.labels, names.labels[0], NOTHING, (Note("note", "RCB class was not tested", "It defines the groups."),),
    )  # fmt: skip


def every_result(names: Names | None = None) -> dict[type, object]:
    """One result of each type that has a panel."""
    results = [
        sample_flow(names), sample_qc(names), mrna_protein(names), biopsy_distance(names), sample_components(names),
        marker_expression(names), *fish(names),
    ]  # fmt: skip
    return {type(result): result for result in results}
