"""What centring does to PAM50 calls in cohorts of HER2-positive tumours, and what the guard rails bring back.

    python benchmarks/pam50_guard_rails.py [--seeds 100]

Each simulated tumour is the centroid of its subtype plus normal noise (sd 1.2) at a level of the platform per gene.
Prints TSV and writes it to results/pam50_guard_rails.tsv: cohort, centring, share of true Her2 called Her2 and called
Basal, share of all tumours called right, and the 5th and 95th percentile of the number of true Her2 called Basal; means
over the seeds.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from her2het.reference.tables import PAM50_SUBTYPES, her2_positive_subtypes
from her2het.schema import Matrix
from her2het.stats.pam50 import AMPLICON, pam50_classifier
from her2het.stats.subtype import Centring, Choices, call_subtypes, expected_percentiles, subgroup_percentiles

PAM50 = pam50_classifier()
NOISE = 1.2
RESULTS = Path(__file__).parent / "results"
COHORTS = {
    "balanced, 36 of each": dict.fromkeys(PAM50_SUBTYPES, 36),
    "60 % Her2, 25 % LumB, 15 % LumA (n = 180)": {"Her2": 108, "LumB": 45, "LumA": 27},
    "180 Her2": {"Her2": 180},
}


def cohort(sizes: dict[str, int], rng: np.random.Generator, level: np.ndarray) -> tuple[Matrix, np.ndarray]:
    truth = np.repeat(list(sizes), list(sizes.values()))
    column = [PAM50_SUBTYPES.index(s) for s in truth]
    values = PAM50.centroids[:, column] + rng.normal(0, NOISE, (50, len(truth))) + level[:, None]
    return Matrix(values, PAM50.genes, tuple(f"S{i}" for i in range(len(truth))), "log2"), truth


def labelled_percentiles(rng: np.random.Generator, level: np.ndarray) -> pd.Series:
    """Zhao et al.: from a reference of 280 tumours, of which 120 are known to be like the cohort (60, 25, 15 %)."""
    sizes = {"Basal": 40, "Her2": 72, "LumA": 58, "LumB": 70, "Normal": 40}
    reference, truth = cohort(sizes, rng, level)
    positive = np.concatenate(
        [np.flatnonzero(truth == name)[:n] for name, n in (("Her2", 72), ("LumB", 30), ("LumA", 18))]
    )
    return subgroup_percentiles(PAM50, reference, [reference.columns[i] for i in positive])


def main(seeds: int) -> None:
    rows: list[dict[str, object]] = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 11])
        level = rng.normal(8, 2, 50)
        reference, _ = cohort(COHORTS["balanced, 36 of each"], rng, level)
        small, _ = cohort(dict.fromkeys(PAM50_SUBTYPES, 4), rng, level)
        expected = expected_percentiles(PAM50, her2_positive_subtypes())
        labelled = labelled_percentiles(rng, level + rng.normal(0, 2, 50))  # of another platform
        ways: list[tuple[str, Centring, Choices, tuple[str, ...]]] = [
            ("genefu scale", "scale", Choices(), ()),
            ("genefu robust", "robust", Choices(), ()),
            ("genefu robust without ERBB2, GRB7", "robust", Choices(), AMPLICON),
            ("authors' median", "median", Choices(), ()),
            ("reference, 180 balanced", "reference", Choices(reference), ()),
            ("reference, 180 balanced, without ERBB2, GRB7", "reference", Choices(reference), AMPLICON),
            ("reference, 20 balanced", "reference", Choices(small), ()),
            ("subgroup, published HER2-positive mix", "subgroup", Choices(percentiles=expected), ()),
            ("subgroup, labelled cohort of another platform", "subgroup", Choices(percentiles=labelled), ()),
        ]
        for name, sizes in COHORTS.items():
            x, truth = cohort(sizes, rng, level)
            for label, centring, choices, leave_out in ways:
                calls = call_subtypes(x, PAM50, centring, choices, leave_out=leave_out).subtype.to_numpy()
                her2 = truth == "Her2"
                basal = int((calls[her2] == "Basal").sum())
                right = {"her2_right": (calls[her2] == "Her2").mean(), "all_right": (calls == truth).mean()}
                rows.append({"cohort": name, "centring": label, **right, "basal": basal, "of": int(her2.sum())})
    table = pd.DataFrame(rows)
    table["her2_called_basal"] = table["basal"] / table["of"]
    grouped = table.groupby(["cohort", "centring"], sort=False)
    out = grouped[["her2_right", "her2_called_basal", "all_right"]].mean().round(3)
    out["basal_5"] = grouped["basal"].quantile(0.05)
    out["basal_95"] = grouped["basal"].quantile(0.95)
    out["n_her2"] = grouped["of"].first()
    text = out.reset_index().to_csv(sep="\t", index=False)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "pam50_guard_rails.tsv").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    main(parser.parse_args().seeds)
