"""`her2het stats`: what the functions say and what R says, from files; and what is refused, in one sentence."""

import gzip
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2het import notice
from her2het.cli.lazy import guarded
from her2het.cli.main import build
from her2het.cli.stats import command as group
from her2het.stats.correlation import pearson
from her2het.stats.mixed import mixed_shift
from her2het.stats.planning import for_shift
from her2het.stats.rank_tests import rank_sum
from her2het.stats.robustness import WAYS, bootstrap_shift, by_way
from her2het.stats.sensitivity import by_combination
from her2het.stats.strata import stratified_rank_sum
from her2het.stats.units import PerPatient, PerSample

ORACLES = Path(__file__).parents[1] / "oracles" / "stats"


def oracle(name: str) -> pd.DataFrame:
    path = ORACLES / name
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return pd.read_csv(io.BytesIO(data), float_precision="round_trip")


def asked(*arguments: object) -> pd.DataFrame:
    done = CliRunner().invoke(group, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert notice.HEADER in done.stderr
    return pd.read_csv(io.StringIO(done.stdout), sep="\t", float_precision="round_trip", keep_default_na=True)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert guarded(build(), ["stats", *(str(a) for a in arguments)]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "sha256" not in line]
    assert len(said) == 1, said
    return said[0]


def table(folder: Path, frame: pd.DataFrame, name: str = "given.csv") -> Path:
    path = folder / name
    frame.to_csv(path, index=False, sep="\t" if name.endswith("tsv") else ",")
    return path


@pytest.fixture(scope="module")
def biopsies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One to three rows of 30 patients in three groups and two strata."""
    rng = np.random.default_rng(11)
    rows = [
        (f"P{i:02d}", "ABC"[i % 3], "x" if i % 4 else "y", 20 + i, round(float(rng.normal() + i % 3), 4))
        for i in range(30)
        for _ in range(1 + i % 3)
    ]
    frame = pd.DataFrame(rows, columns=["patient", "arm", "site", "age", "score"])
    return table(tmp_path_factory.mktemp("stats"), frame, "biopsies.tsv")


@pytest.fixture(scope="module")
def units(biopsies: Path) -> tuple[PerSample, pd.Series, pd.Series, pd.Series]:
    frame = pd.read_csv(biopsies, sep="\t")
    by = frame.groupby("patient")
    return PerSample(frame["score"], "score"), frame["patient"], by["arm"].first(), by["site"].first()


def same(row: Any, e: Any) -> None:
    for name in ("value", "low", "high", "p", "standard", "level"):
        one, other = float(getattr(row, name)), float(getattr(e, name))
        assert one == other or (math.isnan(one) and math.isnan(other)), name


# --- R's numbers ------------------------------------------------------------------------------------------------------


def test_compare_is_wilcox_test(tmp_path: Path) -> None:
    rows = oracle("ranks_inputs.csv")
    rows = rows[(rows["test"] == "rank_sum") & (rows["case"] == "small")]
    told = oracle("ranks_results.csv").query("test == 'rank_sum' and case == 'small' and variant == 'default'").iloc[0]
    path = table(tmp_path, rows)
    found = asked("compare", path, "--value", "value", "--group", "part", "--control", "y").iloc[0]
    assert found["p"] == pytest.approx(told["p"], rel=1e-13)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((told["estimate"], told["low"], told["high"]))
    assert found["contrast"] == "x − y"
    assert math.isnan(found["q"])  # one alone is no family


def test_paired_is_wilcox_test_of_pairs(tmp_path: Path) -> None:
    rows = oracle("ranks_inputs.csv")
    change = rows[(rows["test"] == "signed_rank") & (rows["case"] == "small")]["value"].to_numpy()
    told = oracle("ranks_results.csv").query("test == 'signed_rank' and case == 'small' and variant == 'default'")
    patients = [f"p{i}" for i in range(len(change))]
    parts = [pd.DataFrame({"who": patients, "time": t, "v": v}) for t, v in (("pre", 0.0), ("post", change))]
    path = table(tmp_path, pd.concat(parts))
    found = asked(
        "paired", path, "--value", "v", "--patient", "who", "--time", "time", "--before", "pre", "--after", "post"
    ).iloc[0]
    assert found["p"] == pytest.approx(told["p"].iloc[0], rel=1e-13)
    assert (found["value"], found["low"]) == pytest.approx((told["estimate"].iloc[0], told["low"].iloc[0]))


def test_strata_are_coin_and_classes_kruskal_test(tmp_path: Path) -> None:
    rows = oracle("strata_inputs.csv")
    rows = rows[rows["case"] == "trial"].replace({"stratum": {"unknown": "other"}})  # "unknown" is a missing value
    path, control = table(tmp_path, rows), rows["group"].iloc[0]
    given = ("--value", "value", "--group", "group", "--control", control, "--stratum", "stratum")
    found = asked("compare", path, *given)
    told = oracle("strata_results.csv").set_index("case")
    assert found["p"].iloc[0] == pytest.approx(told.loc["trial", "p"], rel=1e-12)
    rows = oracle("groups_inputs.csv")
    path = table(tmp_path, rows[rows["case"] == "trial"], "groups.csv")
    found = asked("compare", path, "--value", "value", "--group", "group", "--method", "kruskal")
    assert found["p"].iloc[0] == pytest.approx(oracle("groups_results.csv").set_index("case").loc["trial", "p"])


def test_mixed_is_nlme(tmp_path: Path) -> None:
    path = table(tmp_path, oracle("mixed_inputs.csv"))
    given = ("compare", path, "--value", "value", "--group", "group", "--control", "A", "--patient", "patient")
    told = oracle("mixed_results.csv")
    assert asked(*given, "--method", "mixed")["value"].iloc[0] == pytest.approx(told["value"][0], abs=1e-5)
    adjusted = asked(*given, "--method", "mixed", "--covariate", "age").iloc[0]
    assert adjusted["value"] == pytest.approx(told["value"][1], abs=1e-5)
    assert adjusted["effect"] == "adjusted difference"


def test_correlate_is_cor_test(tmp_path: Path) -> None:
    rows = oracle("correlation_inputs.csv.gz")
    told = oracle("correlation_results.csv").set_index(["case", "method"])
    path = table(tmp_path, rows[rows["case"] == "four"])
    for method in ("pearson", "spearman"):
        found = asked("correlate", path, "--x", "x", "--y", "y", "--method", method).iloc[0]
        r = told.loc[("four", method)]
        assert (found["value"], found["p"]) == pytest.approx((r["r"], r["p"]), rel=1e-12)


def people(cells: str, width: int) -> pd.DataFrame:
    """A table of counts as one row per patient."""
    counts = [int(c) for c in cells.split()]
    rows = [(f"r{i // width}", f"c{i % width}") for i, n in enumerate(counts) for _ in range(n)]
    return pd.DataFrame(rows, columns=["one", "two"])


def test_table_is_fisher_test_and_mcnemar_test(tmp_path: Path) -> None:
    told = oracle("tables_results.csv").set_index(["test", "case"])
    for test, case, width in (("fisher2x2", "trial", 2), ("fisher", "rcb_3x4", 4)):
        row = told.loc[(test, case)]
        path = table(tmp_path, people(row["cells"], width), f"{case}.csv")
        found = asked("table", path, "--rows", "one", "--columns", "two")
        assert found["p"].iloc[0] == pytest.approx(float(str(row["values"]).split()[0]), rel=1e-9)
        assert len(found) == (3 if test == "fisher2x2" else 1)
    row = told.loc[("mcnemar", "trial")]
    frame = people(row["cells"], 2).replace({"c0": "r0", "c1": "r1"})
    path = table(tmp_path, frame, "pairs.csv")
    found = asked("table", path, "--rows", "one", "--columns", "two", "--paired", "--mcnemar", "chi-square")
    assert found["p"].iloc[0] == pytest.approx(float(row["values"].split()[1]), rel=1e-9)
    row = told.loc[("bowker", "spec")]
    frame = people(row["cells"], 3).replace({f"c{i}": f"r{i}" for i in range(3)})
    found = asked("table", table(tmp_path, frame, "k.csv"), "--rows", "one", "--columns", "two", "--paired")
    assert found["p"].iloc[0] == pytest.approx(float(row["values"].split()[2]), rel=1e-9)
    assert found["method"].tolist()[1].startswith("Stuart-Maxwell")


def test_strata_of_a_table_are_the_function(tmp_path: Path) -> None:
    parts = [people("4 9 3 2", 2).assign(site="a"), people("1 7 6 3", 2).assign(site="b")]
    path = table(tmp_path, pd.concat(parts))
    found = asked("table", path, "--rows", "one", "--columns", "two", "--stratum", "site")
    assert [m.split(",")[0] for m in found["method"]] == ["Cochran-Mantel-Haenszel", *["Mantel-Haenszel"] * 2]
    assert found["value"].notna().tolist() == [False, True, True]


def test_logistic_is_logistf(tmp_path: Path) -> None:
    rows = oracle("firth_inputs.csv")
    path = table(tmp_path, rows[rows["case"] == "usual"])
    found = asked("logistic", path, "--outcome", "y", "--terms", "age + hr + het")
    told = oracle("firth_results.csv").query("case == 'usual'").set_index("term").loc[["age", "hr", "het"]]
    for name, ours in (("coef", "value"), ("low", "low"), ("high", "high")):
        np.testing.assert_allclose(np.log(found[ours]), told[name], atol=1e-8)
    np.testing.assert_allclose(found["p"], told["p"], rtol=1e-8)


def test_auc_is_proc(tmp_path: Path) -> None:
    path = table(tmp_path, oracle("auc_inputs.csv"))
    found = asked("auc", path, "--score", "one", "--against", "two", "--outcome", "y")
    told = oracle("auc_results.csv").set_index("what")
    np.testing.assert_allclose(found["value"], told.loc[["one", "two", "one - two"], "value"], rtol=1e-12)
    assert found["p"].iloc[2] == pytest.approx(told.loc["one - two", "p"], rel=1e-9)


def test_adjust_is_p_adjust(tmp_path: Path) -> None:
    rows = oracle("adjust.csv")
    path = table(tmp_path, rows[["p"]].assign(gene=[f"g{i}" for i in rows.index]))
    for method in ("bh", "holm"):
        found = asked("adjust", path, "--p", "p", "--method", method)
        np.testing.assert_allclose(found["q"], rows[method], rtol=1e-12)
    assert list(found.columns) == ["p", "gene", "q"]


def test_power_of_rates_is_power_prop_test() -> None:
    aims: tuple[tuple[object, ...], ...] = ((), ("--power", 0.9), ("--alpha", 0.01))
    for r, aim in zip(oracle("power_results.csv").itertuples(), aims, strict=True):
        found = asked("power", "rates", "--first", r.p1, "--second", r.p2, *aim).iloc[0]
        assert found["unrounded"] == pytest.approx(r.n, rel=1e-4)
        assert found["first"] == found["second"] > r.n


# --- the functions' numbers -------------------------------------------------------------------------------------------


def test_compare_is_the_functions(biopsies: Path, units: tuple[PerSample, pd.Series, pd.Series, pd.Series]) -> None:
    values, owner, arm, site = units
    given = ("compare", biopsies, "--value", "score", "--group", "arm", "--control", "A", "--patient", "patient")
    means = values.per_patient(owner)
    found = asked(*given, "--combine", "mean")
    for row, treated in zip(found.itertuples(), "BC", strict=True):
        same(row, rank_sum(means, arm, treated, "A"))
    assert found["q"].ge(found["p"]).all()
    assert set(found["family"]) == {"2 comparisons with A"}
    (row,) = asked(*given, "--combine", "mean", "--treated", "C", "--stratum", "site").itertuples()
    same(row, stratified_rank_sum(means, arm, site, "C", "A"))
    (row,) = asked(*given, "--method", "mixed", "--treated", "C", "--stratum", "site").itertuples()
    same(row, mixed_shift(values, owner, arm, "C", "A", adjust=(PerPatient(site.astype(object), "site"),)))
    (row,) = asked(*given, "--combine", "max", "--treated", "B").itertuples()
    same(row, by_combination(values, owner, arm, "B", "A", ways=("max",))[0])
    (row,) = asked(
        *given, "--combine", "mean", "--treated", "B", "--interval", "bootstrap", "--draws", 200, "--seed", 4
    ).itertuples()
    limits = bootstrap_shift(means, arm, "B", "A", draws=200, seed=4)
    assert (row.low, row.high) == (limits.low, limits.high)
    assert row.p == rank_sum(means, arm, "B", "A").p


def test_every_way_is_by_way(biopsies: Path, units: tuple[PerSample, pd.Series, pd.Series, pd.Series]) -> None:
    values, owner, arm, site = units
    found = asked(
        "compare", biopsies, "--value", "score", "--group", "arm", "--control", "A", "--patient", "patient",
        "--stratum", "site", "--method", "every", "--draws", 100,
    )  # fmt: skip
    ways = by_way(values, owner, arm, "B", "A", strata=site, draws=100)
    assert len(found) == 2 * len(WAYS)
    for way, e in ways.items():
        same(next(found[found["contrast"] == f"B − A, {way}"].itertuples()), e)


def test_pairs_and_correlations_combine_rows(
    tmp_path: Path, biopsies: Path, units: tuple[PerSample, pd.Series, pd.Series, pd.Series]
) -> None:
    values, owner, _, _ = units
    frame = pd.read_csv(biopsies, sep="\t")
    age = PerPatient(frame.groupby("patient")["age"].first().astype(float), "age")
    (row,) = asked(
        "correlate", biopsies, "--x", "score", "--y", "age", "--method", "pearson", "--patient", "patient",
        "--combine", "median",
    ).itertuples()  # fmt: skip
    same(row, pearson(values.per_patient(owner, "median"), age))
    later = frame.assign(score=frame["score"] + 1.0, visit="post")
    path = table(tmp_path, pd.concat([frame.assign(visit="pre"), later.iloc[:-3]]))
    told = asked(
        "paired", path, "--value", "score", "--patient", "patient", "--time", "visit", "--before", "pre", "--after",
        "post", "--combine", "mean",
    ).iloc[0]  # fmt: skip
    assert told["value"] == pytest.approx(1.0)
    assert int(told["n"]) == 29


def test_trend_takes_the_order(biopsies: Path) -> None:
    given = ("compare", biopsies, "--value", "score", "--group", "arm", "--patient", "patient", "--combine", "mean")
    up, down = (asked(*given, "--method", "trend", "--order", o).iloc[0] for o in ("A,B,C", "C,B,A"))
    assert up["p"] == down["p"]
    assert up["value"] == pytest.approx(1 - down["value"])


def test_power_is_the_function_and_back(tmp_path: Path) -> None:
    found = asked("power", "shift", "--superiority", 0.65).iloc[0]
    assert (found["first"], found["unrounded"]) == (for_shift(0.65).treated, for_shift(0.65).exact)
    back = asked("power", "shift", "--superiority", 0.65, "--first", found["first"], "--second", found["second"])
    assert back["power"].iloc[0] == pytest.approx(0.8, abs=0.01)
    wide = asked("power", "shift", "--half-width", 0.5, "--low", -1, "--high", 1, "--first", 20, "--second", 20)
    assert wide["first"].iloc[0] == 80
    assert asked("power", "auc", "--area", 0.7)["total"].iloc[0] > 0
    out = tmp_path / "n.tsv"
    done = CliRunner().invoke(group, ["power", "auc", "--area", "0.8", "--half-width", "0.1", "--out", str(out)])
    assert done.stdout == ""
    assert out.read_text().startswith("first\tsecond\ttotal")


def test_numbers_and_flags_and_classes_as_terms(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"id": range(60), "stage": rng.integers(1, 4, 60), "het": rng.choice(["yes", "no"], 60)})
    frame["answer"] = np.where(rng.random(60) < 0.5, "complete", "partial")
    path = table(tmp_path, frame)
    given = ("logistic", path, "--outcome", "answer", "--yes", "complete", "--terms")
    assert len(asked(*given, "stage + het")) == 2
    found = asked(*given, "factor(stage) + het")
    assert [c.split(" for ")[0] for c in found["contrast"]] == ["stage 2 against 1", "stage 3 against 1", "het"]


# --- what is refused --------------------------------------------------------------------------------------------------


def test_rows_of_one_patient_are_not_patients(biopsies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--value", "score", "--group", "arm", "--control", "A")
    said = refused(capsys, "compare", biopsies, *given)
    assert "patient 'P01' stands in 2 rows" in said
    assert "--patient patient" in said
    said = refused(capsys, "compare", biopsies, *given, "--patient", "patient")
    assert "patient 'P01' has 2 values of score, 20 such patients" in said
    assert "--combine mean" in said
    assert "--method mixed" in said
    said = refused(capsys, "correlate", biopsies, "--x", "score", "--y", "age", "--patient", "patient")
    assert "rows of one patient are not patients" in said
    said = refused(capsys, "table", biopsies, "--rows", "arm", "--columns", "site")
    assert "--patient patient" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--group", "arm"], "Name it with --control"),
        (["--group", "amr", "--control", "A"], "Did you mean 'arm'?"),
        (["--group", "arm", "--control", "D"], "arm is never 'D'; it is A, B, C"),
        (["--group", "arm", "--control", "A", "--treated", "A"], "two different groups"),
        (["--group", "score", "--control", "A"], "asked for twice"),
        (["--group", "arm", "--control", "A", "--method", "van-elteren"], "--stratum"),
        (["--group", "arm", "--control", "A", "--method", "mixed", "--combine", "mean"], "Leave --combine out"),
        (["--group", "arm", "--method", "trend"], "--order"),
        (["--group", "arm", "--method", "trend", "--order", "A,B,X"], "never 'X'"),
        (["--group", "arm", "--method", "kruskal", "--control", "A"], "Leave --control out"),
        (["--group", "arm", "--method", "kruskal", "--stratum", "site"], "takes no strata"),
        (["--group", "arm", "--control", "A", "--interval", "bootstrap", "--stratum", "site"], "goes with rank-sum"),
        (["--group", "arm", "--control", "A", "--covariate", "age"], "--method mixed"),
    ],
)
def test_options_that_do_not_go_together(
    biopsies: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    combined = [] if "--combine" in options or "mixed" in options else ["--combine", "mean"]
    said = refused(capsys, "compare", biopsies, "--value", "score", "--patient", "patient", *options, *combined)
    assert words in said


def test_data_that_cannot_be_used(tmp_path: Path, biopsies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.read_csv(biopsies, sep="\t")
    given = ("--value", "score", "--group", "arm", "--control", "A", "--patient", "patient", "--combine", "mean")
    frame_without = table(tmp_path, frame.assign(patient=["" if i == 3 else p for i, p in enumerate(frame["patient"])]))
    assert "line 5" in refused(capsys, "compare", frame_without, *given)
    path = table(tmp_path, frame.assign(arm=["C" if i == 1 else a for i, a in enumerate(frame["arm"])]), "moved.csv")
    assert "patient 'P01' has several values of arm (C, B)" in refused(capsys, "compare", path, *given)
    assert "not a number" in refused(capsys, "correlate", biopsies, "--x", "arm", "--y", "age", "--patient", "patient")
    assert "no such file" in refused(capsys, "compare", tmp_path / "absent.tsv", *given)
    tests = table(tmp_path, pd.DataFrame({"t": ["a", "b"], "p": [0.5, 1.5]}), "p.csv")
    assert "1.5 in line 3, outside 0 to 1" in refused(capsys, "adjust", tests, "--p", "p")
    assert "is there already" in refused(capsys, "adjust", tests, "--p", "p", "--into", "t")
    assert "is what is read" in refused(capsys, "adjust", tests, "--p", "p", "--out", tests)
    said = refused(capsys, "auc", tests, "--score", "p", "--outcome", "t")
    assert "neither yes nor no" in said
    same_answer = table(tmp_path, pd.DataFrame({"y": ["yes", "yes"], "p": [0.5, 0.6]}), "y.csv")
    assert "all patients have y" in refused(capsys, "auc", same_answer, "--score", "p", "--outcome", "y")
    said = refused(capsys, "logistic", tests, "--outcome", "t", "--yes", "a", "--terms", "p:t")
    assert "interaction" in said
    said = refused(capsys, "logistic", tests, "--outcome", "t", "--yes", "a", "--terms", "t")
    assert "is the outcome" in said


def test_plans_that_make_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Give one" in refused(capsys, "power", "shift")
    assert "Correct the number" in refused(capsys, "power", "rates", "--first", 0.5, "--second", 0.5)
    assert "starts from an interval seen" in refused(capsys, "power", "shift", "--half-width", 0.5)
    assert "go together" in refused(capsys, "power", "shift", "--superiority", 0.6, "--first", 5)


def test_missing_values_are_counted(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": range(12), "g": list("ab") * 6, "v": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, None]})
    path = table(tmp_path, frame)
    done = CliRunner().invoke(group, ["compare", str(path), "--value", "v", "--group", "g", "--control", "a"])
    assert "1 of 12 rows have no v and are left out" in done.stderr
    assert "\t5;6\t" in done.stdout
