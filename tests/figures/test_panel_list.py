"""docs/panels.md names every panel that answers to one of the paper."""

import re
from pathlib import Path

from her2het.analyses import PLAN
from her2het.figures import PANELS

PAGE = Path(__file__).parents[2] / "docs" / "panels.md"


def test_every_panel_of_the_paper_is_in_the_list() -> None:
    text = PAGE.read_text(encoding="utf-8")
    of_paper = [p for p in PANELS if re.match(r"S?\d", p.number)]
    assert len(of_paper) > 30
    assert not [p.id for p in of_paper if not re.search(rf"`{p.id}(_\w+)?`", text)]


def test_the_list_names_nothing_that_is_not_there() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [row.split(" | ")[1] for row in rows if " | " in row]
    ids = {p.id for p in PANELS}
    for cell in cells:
        for name in re.findall(r"`([a-z]\w+)`", cell):
            assert name in ids or any(name.startswith(f"{i}_") for i in ids), name
        if analysis := re.match(r"(\w+)(?=: `| \(table)", cell):
            assert analysis[1] in PLAN.by_name, analysis[1]
