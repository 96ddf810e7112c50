"""`her2het fish plan`: how many nuclei in how many areas."""

import json

import click

from her2het.cli.number import Number

HELP = """How many nuclei in how many areas for a wanted certainty of the class of an amplified fraction.

The classes are those of the definition LI2024: at most 5 %, between, at least 50 %. Areas differ by a correlation of
two nuclei of one area. Without --per-area: the fewest nuclei per area, for each number of areas, with which the
posterior gives the true class at least --certainty in a share --power of samples. With --per-area: what that one
design can tell. With --negative-share: the chance that the sampled areas hold no HER2-negative one.

\b
Examples:
  her2het fish plan --fraction 0.25 --correlation 0.1
  her2het fish plan --fraction 0.8 --correlation 0.1 --areas 6 --per-area 75
  her2het fish plan --negative-share 0.2 --sites 2 --areas-per-site 3 --site-correlation 0.5
"""
PER_AREA = (10, 20, 30, 40, 50, 75, 100, 150, 200)
AREAS = (2, 3, 4, 6, 8, 10, 12, 16, 20)
SHARE = Number(0, 1)


@click.command("plan", help=HELP)
@click.option("--fraction", type=Number(0, 1, min_open=True, max_open=True), help="True amplified fraction.")
@click.option(
    "--correlation",
    type=Number(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Of two nuclei of one area.",
)
@click.option("--areas", type=click.IntRange(1, 100), multiple=True, help="Number of areas; may be repeated.")
@click.option("--per-area", type=click.IntRange(1, 5000), help="Nuclei per area.")
@click.option(
    "--certainty",
    type=Number(0.5, 1, max_open=True),
    default=0.95,
    show_default=True,
    help="Probability that the true class must reach.",
)
@click.option(
    "--power",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Share of samples in which it must reach it.",
)
@click.option("--draws", type=click.IntRange(50, 100_000), default=400, show_default=True, help="Simulated samples.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the simulation.")
@click.option("--negative-share", type=SHARE, help="Share of the tumour's areas that are HER2-negative.")
@click.option("--sites", type=click.IntRange(1, 100), default=2, show_default=True, help="Biopsies.")
@click.option(
    "--areas-per-site", type=click.IntRange(1, 100), default=3, show_default=True, help="Areas of each biopsy."
)
@click.option("--site-correlation", type=SHARE, default=0.5, show_default=True, help="Of two areas of one biopsy.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
def command(
    fraction: float | None,
    correlation: float,
    areas: tuple[int, ...],
    per_area: int | None,
    certainty: float,
    power: float,
    draws: int,
    seed: int,
    negative_share: float | None,
    sites: int,
    areas_per_site: int,
    site_correlation: float,
    form: str,
) -> None:
    from dataclasses import asdict

    from her2het.kernels.het_call import Limits
    from her2het.kernels.sampling_design import call_chances, design_certainty, miss_negative_area, smallest_designs
    from her2het.notice import OF_NUCLEI
    from her2het.reference.het_profiles import BY_NAME, HetProfile
    from her2het.rules.render import head, notice
    from her2het.schema import StudyError

    if fraction is None and negative_share is None:
        raise StudyError("fish plan: no --fraction and no --negative-share. Give one of them; see --help.")
    if fraction is None and (per_area is not None or areas):
        raise StudyError(
            "fish plan: --areas and --per-area describe samples of a --fraction. Give it, or leave them out."
        )
    definition = BY_NAME[HetProfile.LI2024]
    low, high = definition.limits.low, definition.limits.high
    result: dict[str, object] = {**head(OF_NUCLEI), "definition": definition.name.value, "seed": seed}
    lines: list[str] = []
    if fraction is not None and per_area is not None:
        for number in areas or (6,):
            one = design_certainty(
                number, per_area, fraction, correlation, low=low, high=high, wanted=certainty, draws=draws, seed=seed
            )
            chances = call_chances(number, per_area, fraction, correlation, Limits(*definition.limits.integers))
            result.setdefault("designs", []).append({**asdict(one), "literal_call": asdict(chances)})  # type: ignore[union-attr]
            lines += [
                f"{number} areas of {per_area} nuclei, true fraction {fraction:g}, correlation {correlation:g}:",
                f"  the true class gets at least {certainty:.0%} in {one.chance:.0%} of samples "
                f"(simulation error {one.chance_se:.0%}); 95 % interval {one.mean_width:.2f} wide on average",
                f"  the literal rule on the pooled fraction: HET {chances.het:.3f}, at least {high:.0%} "
                f"{chances.non_het_amplified:.3f}, at most {low:.0%} {chances.non_het_nonamplified:.3f}",
                f"  some area below {high:.0%} amplified: {chances.any_area_below_high:.3f}",
            ]
    elif fraction is not None:
        enough, tried = smallest_designs(
            list(areas or AREAS),
            list(PER_AREA),
            fraction,
            correlation,
            low=low,
            high=high,
            wanted=certainty,
            power=power,
            draws=draws,
            seed=seed,
        )
        result["sufficient"] = [asdict(one) for one in enough]
        result["tried"] = [asdict(one) for one in tried]
        lines.append(
            f"True fraction {fraction:g}, correlation {correlation:g}: designs that give the true class at least "
            f"{certainty:.0%} in at least {power:.0%} of samples"
        )
        lines.append("areas  nuclei per area  nuclei  reached  mean width of interval")
        lines += [f"{o.areas:5d}  {o.per_area:15d}  {o.nuclei:6d}  {o.chance:7.0%}  {o.mean_width:.2f}" for o in enough]
        without = sorted({o.areas for o in tried} - {o.areas for o in enough})
        if without:
            lines.append(
                f"Not reached with up to {max(PER_AREA)} nuclei per area: {', '.join(map(str, without))} areas."
            )
    if negative_share is not None:
        miss = miss_negative_area(negative_share, sites, areas_per_site, site_correlation)
        result["miss_negative_area"] = miss
        lines.append(
            f"If {negative_share:.0%} of the tumour's areas are HER2-negative, {sites} biopsies of {areas_per_site} "
            f"areas (correlation within a biopsy {site_correlation:g}) miss all of them with probability {miss:.3f}."
        )
    if form == "json":
        click.echo(json.dumps(result, indent=1))
        return
    click.echo("\n".join(lines))
    click.echo(notice(OF_NUCLEI), err=True)
