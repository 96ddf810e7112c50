"""`her2het simulate DIR --seed N`."""

from pathlib import Path

import click

FULL = 20_000
FEWEST = 4_000


@click.command("simulate")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0), required=True, help="Root of the random streams.")
@click.option("--null", is_flag=True, help="Same structure, but groups and treatment change nothing.")
@click.option("--genes", type=click.IntRange(FEWEST), default=FULL, show_default=True, help="Number of genes.")
def command(folder: Path, seed: int, null: bool, genes: int) -> None:
    """Write a synthetic trial with the structure of NCT02326974 to the new or empty folder DIR.

    All data are simulated. What was planted stands in DIR/truth. The same seed gives the same bytes.

    \b
    Examples:
      her2het simulate my-trial --seed 1
      her2het simulate nothing-there --seed 1 --null
    """
    from her2het.simulate import simulate_trial, write_trial
    from her2het.simulate.write import need_room

    need_room(folder)
    trial = simulate_trial(seed, null=null, genes=genes)
    write_trial(trial, folder)
    size = f"{len(trial.patients)} patients, {len(trial.rna_counts.columns)} libraries"
    click.echo(f"Synthetic trial: {size}, seed {seed}. Research use only.")
    click.echo(str(folder.absolute()))


def ensure_trial(folder: Path, seed: int) -> str:
    """Write the synthetic trial of this seed unless it is there already; say which.

    :raises StudyError: where the folder holds anything else
    """
    from her2het.simulate import simulate_trial, write_trial
    from her2het.simulate.write import need_room, origin

    toml = folder / "study.toml"
    if toml.is_file() and toml.read_text(encoding="utf-8").partition("\n")[0] == origin(seed):
        return f"seed {seed}, already there"
    need_room(folder)
    trial = simulate_trial(seed)
    write_trial(trial, folder)
    return f"seed {seed}, {len(trial.patients)} patients, {len(trial.rna_counts.columns)} libraries"
