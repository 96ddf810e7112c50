"""One synthetic trial through the light path, and many of them summed up."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from her2het.analyses import PLAN
from her2het.analyses.parts import gene_by_patient, group_of, samples_at
from her2het.cli.in_memory import results_in_memory, study_of
from her2het.engine.serial import Serial
from her2het.kernels.proportions import wilson
from her2het.reference.claims import CLAIMS
from her2het.results.validation import Validation
from her2het.simulate import SyntheticTrial, simulate_trial
from her2het.simulate.structure import GROUPS
from her2het.stats.estimate import Estimate
from her2het.stats.rank_tests import rank_sum
from her2het.stats.units import PerPatient

LIGHT = (
    *("group_assignment", "fish_heterogeneity", "fish_by_group", "sample_qc", "expression", "sample_components"),
    *("mrna_protein", "biopsy_distance", "gene_set_scores", "marker_expression", "erbb_signatures", "subtypes"),
    *("status_change", "heterogeneity_change", "treatment_distance", "immune_scores", "cell_fractions"),
    *("feature_comparisons", "response_features", "response_model", "published_claims"),
)
"""Analyses of the light path: all that answer a claim, but not differential expression."""
KNOBS: dict[str, dict[str, Any]] = {
    "response_features": {"draws": 100, "main": ()},
    "response_model": {"repeats": 2, "draws": 100},
    "treatment_distance": {"permutations": 199},
    "cell_fractions": {"permutations": 0},
}
FAMILIES_OF_NULL = {  # analysis -> (words, fields whose estimates nothing stands behind in a trial without effects)
    "marker_expression": ("marker genes", ("comparisons", "correlations")),
    "erbb_signatures": ("gene set scores", ("comparisons", "correlations", "changes")),
    "subtypes": ("PAM50 probabilities", ("comparisons", "correlations", "changes")),
    "immune_scores": ("ESTIMATE scores", ("comparisons", "correlations", "changes")),
    "cell_fractions": ("cell fractions", ("comparisons", "correlations", "changes")),
    "feature_comparisons": ("the study's own", ("comparisons", "correlations", "changes", "associations", "pcr")),
    "treatment_distance": ("transcriptomic change", ("comparisons",)),
}
QUESTIONS = {
    "comparisons": "between groups",
    "correlations": "with RCB",
    "changes": "before and after",
    "associations": "classes between groups",
    "pcr": "flags and pCR",
}
KINDS = {
    "gene": "genes between groups",
    "gene change": "genes before and after",
    "set": "sets between groups",
    "set change": "sets before and after",
}
NOT_PLANTED = {
    "ratio-diversity",
    "distance-ihc",
    "non-het-enriched",
    "mutation-response",
    "pik3ca-share",
    "erbb2-share",
}
IN_STRUCTURE = {"cohort-pcr", "het-shifts", "ihc-falls", "ihc-falls-het", "residual-het", "mrna-protein"}
"""Claims that hold by what a trial is made of, with and without planted effects (numbers of the structure, FISH of HET
tumours, protein that follows mRNA)."""
LEVEL = 4.0  # log2 CPM from which a shift of log2(CPM + 1) is close to the log2 fold change planted


@dataclass(frozen=True)
class Task:
    """One trial: its seed, with or without effects, and how many genes."""

    seed: int
    null: bool
    genes: int


@dataclass(frozen=True, eq=False)
class Found:
    """What the light path found in one trial: parts of claims, gene shifts, tests by kind, models."""

    task: Task
    parts: pd.DataFrame
    sizes: pd.DataFrame
    tests: pd.DataFrame
    models: pd.DataFrame


def one_trial(task: Task) -> Found:
    """Simulate a trial and run the light path on it."""
    trial = simulate_trial(task.seed, null=task.null, genes=task.genes)
    done = results_in_memory(PLAN, study_of(trial), Serial(), LIGHT, KNOBS)
    claims = done.get("published_claims")
    parts = claims.parts if claims is not None else pd.DataFrame()
    return Found(task, parts, _sizes(trial, done), _tests(done), _models(done))


def _sizes(trial: SyntheticTrial, done: dict[str, Any]) -> pd.DataFrame:
    """Shifts of the genes that claims name, between groups at baseline, against what was planted."""
    expression, groups = done["expression"], done["group_assignment"]
    truth = trial.truth["genes"].set_index("gene")
    names = dict.fromkeys(p.quantity for c in CLAIMS for p in c.parts if p.kind == "gene")
    levels = {str(g): float(v) for g, v in truth["base_log2_cpm"].items()}
    planted = {c: {str(g): float(v) for g, v in truth[c].items()} for c in ("non_het_vs_pcr", "het_vs_pcr")}
    known = [g for g in names if levels.get(g, -np.inf) >= LEVEL]
    samples = samples_at(groups, "baseline", expression.log_cpm.columns)
    label = group_of(groups)
    rows = []
    for gene in known:
        values = PerPatient(gene_by_patient(expression.log_cpm, gene, samples, "").values, gene)
        for role, column in ((GROUPS[1], "non_het_vs_pcr"), (GROUPS[2], "het_vs_pcr")):
            e = rank_sum(values, label, role, GROUPS[0])
            rows.append((gene, f"{role} − {GROUPS[0]}", planted[column][gene], e.value, e.low, e.high, levels[gene]))
    return pd.DataFrame(rows, columns=pd.Index(["gene", "contrast", "planted", "value", "low", "high", "level"]))


def _tests(done: dict[str, Any]) -> pd.DataFrame:
    """p and q of every test behind which nothing stands in a trial without effects."""
    rows = []
    for name, (words, wanted) in FAMILIES_OF_NULL.items():
        result = done.get(name)
        if result is None:
            continue
        for f in fields(result):
            if f.name in wanted:
                told = [e for e in getattr(result, f.name) if isinstance(e, Estimate) and _open(e)]
                rows += [(f"{words}, {QUESTIONS[f.name]}", e.family, e.p, e.q) for e in told]
    claims = done.get("published_claims")
    if claims is not None:
        genes = claims.parts[claims.parts["kind"].isin(["gene", "gene change", "set", "set change"])]
        rows += [(f"claims, {KINDS[str(k)]}", str(k), p, q) for k, p, q in genes[["kind", "p", "q"]].to_numpy()]
    frame = pd.DataFrame(rows, columns=pd.Index(["what", "family", "p", "q"]))
    return frame[frame["p"].notna()].reset_index(drop=True)


def _open(e: Estimate) -> bool:
    """Whether an estimate is a question in a trial without effects: one against reassigned patients is not."""
    return "reassigned" not in e.contrast and not e.by_definition


def _models(done: dict[str, Any]) -> pd.DataFrame:
    result = done.get("response_model")
    columns = ["model", "auc", "low", "high", "apparent"]
    return result.models[columns] if result is not None else pd.DataFrame(columns=pd.Index(columns))


def summed_up(found: Sequence[Found], seconds: float) -> Validation:
    """Power, bias, coverage and false findings over trials."""
    planted, null = ([f for f in found if f.task.null == flag] for flag in (False, True))
    tasks = [f.task for f in found]
    return Validation(
        power=_power(planted, null),
        sizes=_coverage([f.sizes for f in planted]),
        null=_null([f.tests for f in null]),
        models=_model_table(planted, null),
        seeds=max(len(planted), len(null)),
        first=min(t.seed for t in tasks),
        genes=tasks[0].genes,
        patients=129,
        seconds=seconds,
    )


def _hits(rows: pd.DataFrame, direction: object) -> tuple[int, int]:
    """How often q < .05 as claimed, and the other way."""
    sign = np.sign(rows["standard"].where(rows["standard"].notna(), rows["value"]).to_numpy(dtype=float))
    sure = (rows["q"] < 0.05).to_numpy(dtype=bool)
    if direction in (0, None):
        return int(sure.sum()), 0
    return int((sure & (sign == direction)).sum()), int((sure & (sign == -int(str(direction)))).sum())


def _power(planted: list[Found], null: list[Found]) -> pd.DataFrame:
    """Parts of claims in a fixed order: the k-th part of each trial is the same question."""
    questions = [(claim, part) for claim in CLAIMS for part in claim.parts]
    rows = []
    for k, (claim, part) in enumerate(questions):
        mine = _at(planted, k)
        tested = mine[mine["p"].notna()]
        if tested.empty:
            continue
        n = len(tested)
        hits, wrong = _hits(tested, part.direction)
        low, high = wilson(hits, n)
        apart = _at(null, k)
        apart = apart[apart["p"].notna()]
        given = claim.id in IN_STRUCTURE
        said = (
            "in structure" if given else "no" if claim.id in NOT_PLANTED else "absent" if part.direction == 0 else "yes"
        )
        row = {"claim": claim.id, "panel": claim.panel, "part": str(tested["part"].iloc[0])}
        row |= {"direction": part.direction, "planted": said, "seeds": n, "found": hits / n, "low": low, "high": high}
        row |= {"wrong": wrong / n, "effect": float(tested["standard"].mean()), "effect_sd": _sd(tested["standard"])}
        row |= {"null_seeds": len(apart), "null_found": np.nan}
        if len(apart) and not given:
            row["null_found"] = _hits(apart, part.direction)[0] / len(apart)
        rows.append(row)
    text = dict.fromkeys(["claim", "panel", "part", "planted"], "string")
    return pd.DataFrame(rows).astype(text | {"direction": "Int64"}) if rows else pd.DataFrame()


def _at(found: list[Found], k: int) -> pd.DataFrame:
    rows = [f.parts.iloc[[k]] for f in found if len(f.parts) > k]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame({"p": pd.Series(dtype=float)})


def _sd(values: pd.Series) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _coverage(sizes: list[pd.DataFrame]) -> pd.DataFrame:
    columns = ["gene", "contrast", "planted", "found", "bias", "bias_se", "coverage", "low", "high", "seeds", "level"]
    if not sizes:
        return pd.DataFrame(columns=pd.Index(columns))
    rows = []
    for (gene, contrast), part in pd.concat(sizes, ignore_index=True).groupby(["gene", "contrast"], sort=False):
        away = part["value"] - part["planted"]
        held = int(((part["low"] <= part["planted"]) & (part["planted"] <= part["high"])).sum())
        n = len(part)
        middle = (float(part["planted"].mean()), float(part["value"].mean()), float(away.mean()), _sd(away) / n**0.5)
        rows.append((gene, contrast, *middle, held / n, *wilson(held, n), n, float(part["level"].mean())))
    return pd.DataFrame(rows, columns=pd.Index(columns)).astype({"gene": "string", "contrast": "string"})


def _null(tests: list[pd.DataFrame]) -> pd.DataFrame:
    columns = ["what", "tests", "trials", "rate", "rate_se", "families", "any", "any_low", "any_high"]
    frames = [t.assign(trial=k) for k, t in enumerate(tests) if len(t)]
    if not frames:
        return pd.DataFrame(columns=pd.Index(columns))
    table = pd.concat(frames, ignore_index=True)
    rows = []
    for what, part in [*table.groupby("what", sort=False), ("all", table)]:
        rates = part.groupby("trial")["p"].apply(lambda p: float((p < 0.05).mean()))
        least = part.groupby(["trial", "what", "family"])["q"].min()
        hits, n = int((least < 0.05).sum()), len(least)
        per = len(part) / len(rates)
        error = _sd(rates) / len(rates) ** 0.5
        rows.append((what, per, len(rates), float(rates.mean()), error, n, hits / n, *wilson(hits, n)))
    return pd.DataFrame(rows, columns=pd.Index(columns)).astype({"what": "string"})


def _model_table(planted: list[Found], null: list[Found]) -> pd.DataFrame:
    columns = ["arm", "model", "trials", "auc", "auc_sd", "apparent", "covered"]
    rows = []
    for arm, found in (("planted", planted), ("null", null)):
        frames = [f.models for f in found if len(f.models)]
        if not frames:
            continue
        for name, part in pd.concat(frames, ignore_index=True).groupby("model", sort=False):
            covered = float(((part["low"] <= 0.5) & (part["high"] >= 0.5)).mean())
            middle = (float(part["auc"].mean()), _sd(part["auc"]), float(part["apparent"].mean()))
            rows.append((arm, str(name), len(part), *middle, covered))
    return pd.DataFrame(rows, columns=pd.Index(columns)).astype({"arm": "string", "model": "string"})


def tasks_of(seeds: int, first: int, genes: int, *, null_only: bool = False) -> list[Task]:
    """Trials with and without effects in turn (or without alone), so that workers stay busy to the end."""
    arms = (True,) if null_only else (False, True)
    return [Task(seed, null, genes) for seed in range(first, first + seeds) for null in arms]
