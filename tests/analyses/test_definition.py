"""What the definition of the groups makes true is marked; what selection by a noisy baseline brings about is said."""

import pytest

from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.fish_diversity import fish_diversity
from her2het.analyses.fish_groups import fish_by_group
from her2het.analyses.fish_status import fish_by_status
from her2het.analyses.flow import sample_flow
from her2het.analyses.parts import counted, of_het_nuclei
from her2het.analyses.status_change import heterogeneity_change, status_change
from her2het.results.fish import FishHeterogeneity
from her2het.simulate.structure import GROUPS
from her2het.stats.estimate import Estimate

PCR, NON_HET, HET = GROUPS


@pytest.fixture(scope="module")
def fish(demo_study) -> FishHeterogeneity:
    return fish_heterogeneity(demo_study.trial.fish_nuclei, demo_study.trial.samples, demo_study.design)


def marked(estimates: tuple[Estimate, ...]) -> dict[tuple[str, ...], set[bool]]:
    found: dict[tuple[str, ...], set[bool]] = {}
    for e in estimates:
        found.setdefault(e.groups, set()).add(e.by_definition)
    return found


def test_fish_measures_of_a_group_of_het_tumours_are_descriptions(demo_study, fish: FishHeterogeneity) -> None:
    expected = {(NON_HET, PCR): {False}, (HET, PCR): {True}, (HET, NON_HET): {True}}
    assert marked(fish_by_group(fish, demo_study.groups).comparisons) == expected
    trial = demo_study.trial
    diversity = fish_diversity(trial.fish_nuclei, trial.samples, demo_study.groups, demo_study.design, repeats=100)
    assert marked(diversity.comparisons) == expected
    assert not any(e.by_definition for e in diversity.changes)
    status = fish_by_status(fish, demo_study.groups, trial.ihc)
    assert {e.by_definition for e in status.comparisons} == {True}
    assert {e.by_definition for e in status.ordered} == {False}


def test_groups_that_hold_both_kinds_are_no_definition(demo_study) -> None:
    e = Estimate("", "shift", "", 1.0, 0.5, 1.5, (5, 5), "rank-sum", 0.01, groups=(PCR, NON_HET))
    assert [x.by_definition for x in of_het_nuclei([e], demo_study.groups)] == [False]


def test_regression_to_the_mean_is_a_caution(demo_study, fish: FishHeterogeneity) -> None:
    trial, groups = demo_study.trial, demo_study.groups
    change = heterogeneity_change(groups, fish, trial.patients)
    status = status_change(groups, trial.ihc, fish)
    for result in (change, status):
        assert any(n.level == "caution" and "Regression to the mean" in n.title for n in result.notes)
    diversity = fish_diversity(trial.fish_nuclei, trial.samples, groups, demo_study.design, repeats=100)
    assert any("Regression to the mean" in n.title for n in diversity.notes)


def test_the_highest_of_more_scores_before_than_after_is_a_caution(demo_study, fish: FishHeterogeneity) -> None:
    trial = demo_study.trial
    status = status_change(demo_study.groups, trial.ihc, fish)
    scored = trial.ihc.merge(trial.samples, on="sample")
    sizes = scored.groupby(["patient", "timepoint"]).size().unstack(fill_value=0)
    told = [n.text for n in status.notes if n.title == "More samples before than after"]
    assert bool(told) == bool((sizes["baseline"] > sizes["surgery"])[sizes["surgery"] > 0].any())
    if told:
        assert "the highest of more samples" in told[0]


def test_libraries_before_and_after_are_told(demo_study) -> None:
    trial = demo_study.trial
    flow = sample_flow(trial.patients, trial.samples, demo_study.groups, trial.rna_counts, None, None, None)
    phase = demo_study.groups.samples.set_index("sample")["phase"].reindex(list(trial.rna_counts.columns))
    before, after = (int((phase == p).sum()) for p in ("baseline", "followup"))
    assert f"{before} baseline and {after} residual (after treatment)" in flow.notes[0].text


def test_one_gene_is_one_gene() -> None:
    assert (counted(1, "gene"), counted(15206, "gene"), counted(0, "gene")) == ("1 gene", "15,206 genes", "0 genes")
