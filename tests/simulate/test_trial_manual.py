"""docs/synthetic_trial.md states the sizes that the code plants."""

from collections.abc import Mapping
from pathlib import Path

from her2het.simulate import effects
from her2het.simulate.gene_lists import FALL_AFTER

PAGE = Path(__file__).parents[2] / "docs" / "synthetic_trial.md"
BEGIN, END = "<!-- planted: begin -->", "<!-- planted: end -->"


def rows(table: Mapping[str, tuple[float, float, str]]) -> list[str]:
    return [f"| {name} | {non:+g} | {het:+g} | {figure} |" for name, (non, het, figure) in table.items()]


def planted() -> str:
    """The tables of the page."""
    head = "| {} | non-HET/no pCR | HET/no pCR | stands for (figure: finding) |\n|---|---|---|---|"
    after = "| {} | non-HET | HET | stands for (figure: finding) |\n|---|---|---|---|"
    immune = [
        f"| immune, HR {hr} | {non:+g} | {het:+g} | 5A, S7A-B: immune score; opposite by hormone receptor |"
        for hr, (non, het) in effects.IMMUNE_BY_HR.items()
    ]
    falling = [g for g in FALL_AFTER if effects.TIME_GENES[g] == effects.TIME_GENES["CD274"]]
    single = {g: e for g, e in effects.TIME_GENES.items() if g not in falling}
    one = f"the {len(falling)} checkpoint genes of `FALL_AFTER`"
    sizes = [f"| `{name}` | {value:g} |" for name, value in vars(effects.SIZES).items()]
    low, high = effects.CHANGED_NONCODING
    parts = [
        "### Factors at baseline, difference from pCR in SD of patients",
        "\n".join([head.format("factor"), *rows(effects.GROUP_FACTORS), *immune]),
        "### Genes at baseline, log2 fold change against pCR beyond their factors",
        "\n".join([head.format("gene"), *rows(effects.GROUP_GENES)]),
        "### Factors after treatment against before",
        "\n".join([after.format("factor"), *rows(effects.TIME_FACTORS)]),
        "### Genes after treatment, log2 fold change beyond their factors, times the response strength",
        "\n".join([after.format("gene"), *rows(single), *rows({one: effects.TIME_GENES[falling[0]]})]),
        f"580 genes (520 microRNA, LINC and snoRNA genes, 60 coding ones) change by a |log2 fold change| of {low:g} to "
        f"{high:g} in a non-HET tumour of full response, three quarters of them upwards; a fifth of them change in HET "
        f"tumours too, by {effects.CHANGED_IN_HET:g} times as much.",
        "### PAM50 weights after treatment against before, all groups",
        "\n".join(
            ["| centroid | change of weight |", "|---|---|"]
            + [f"| {name} | {size:+g} |" for name, size in effects.SUBTYPE_AFTER.items()]
        ),
        "### Other sizes (`effects.Sizes`)",
        "\n".join(["| size | value |", "|---|---|", *sizes]),
        "Hormone receptor positive: " + ", ".join(f"{share:.1%}" for share in effects.HR_POSITIVE) + " of the groups.",
    ]
    return "\n\n".join(parts)


def test_the_page_states_what_is_planted() -> None:
    assert planted() in PAGE.read_text(encoding="utf-8"), "docs/synthetic_trial.md: put the output of planted() there"
