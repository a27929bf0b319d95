"""What does it take to take in a partner's list of a million rows? Needs no data.

`overlap partner import` reads the list in a process of its own, checks every row, asks the guards, keeps the bytes and
lands the rows in the warehouse. Beside it, polars reads the same file and does nothing with it. Each is a process.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import made_up, report
from benchmarks.processes import Cost, Costs, run, summary
from config.workspace import init

_OVERLAP = str(Path(sys.executable).parent / "overlap")
_HEADINGS = ("Account ID", "Account Name", "Website", "Phone", "Street", "City", "Country", "Status", "Owner Email")
_STATUSES = ("Customer", "Prospect", "Open Opportunity")
_POLARS = "import polars, sys; print(polars.read_csv(sys.argv[1], infer_schema=False).height)"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.list_import", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many rows the list has; one in 1,000 is bad")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overlap-bench-") as folder:
        found = _measured(Path(folder), options.rows, options.repeat)
    command = f"python -m benchmarks.list_import --rows {options.rows} --repeat {options.repeat}"
    print(report.save("list_import", command, found, _sections(found)))
    return 0


def _measured(folder: Path, rows: int, repeat: int) -> dict[str, Any]:
    file = folder / "list.csv"
    _write(file, rows)
    costs: dict[str, list[Cost]] = {"polars": [], "import": [], "import, the next list": []}
    landed = 0
    for number in range(repeat):
        workspace = folder / f"workspace-{number}"
        with init(workspace).open("a", encoding="utf-8") as settings:
            settings.write('\n[partners.globex]\nname = "Globex"\nfiles = "inbox/globex*"\n')
        order = (_OVERLAP, "partner", "import", "globex", str(file), "--dir", str(workspace))
        costs["polars"].append(run((sys.executable, "-c", _POLARS, str(file))))
        costs["import"].append(run((*order, "--as-of", "2026-01-01")))
        with file.open("a", encoding="utf-8") as more:  # another list of the same size, one row longer
            more.write(f"N-{number},{made_up.name(rows + number)},,,,,France,Customer,\n")
        costs["import, the next list"].append(run((*order, "--as-of", "2026-02-01")))
        with duckdb.connect(str(workspace / "warehouse.duckdb")) as warehouse:
            [(landed,)] = warehouse.execute("select count(*) from partner_accounts").fetchall()
        shutil.rmtree(workspace)
    taken = {name: summary(each) for name, each in costs.items()}
    size_mb = round(file.stat().st_size / 1e6, 1)
    return {
        "rows": rows,
        "landed": landed,
        "size_mb": size_mb,
        "costs": {name: asdict(of) for name, of in taken.items()},
    }


def _write(file: Path, rows: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(_HEADINGS)
        for at in range(rows):
            name = made_up.name(at)
            status = "Nobody knows" if at % 1_000 == 999 else _STATUSES[at % 3]
            place = (f"+49 30 {at:07}", f"{at % 300} {name.title()} Street", "Berlin", "Germany")
            writer.writerow((f"N{at}", f"{name.title()} GmbH", f"www.{name}.com", *place, status, f"ada@{name}.com"))


def _sections(found: dict[str, Any]) -> list[str]:
    costs = {name: Costs(**of) for name, of in found["costs"].items()}
    bare = costs["polars"]
    head = ("what", "seconds", "CPU s", "peak MB", "seconds beside polars")
    rows = [
        (name, f"{of.wall_s:.2f}", f"{of.cpu_s:.2f}", f"{of.peak_mb:,.0f}", f"{of.wall_s / bare.wall_s:.1f}")
        for name, of in costs.items()
    ]
    return [
        f"{found['rows']:,} rows, {found['size_mb']:,} MB; {found['landed']:,} rows in the warehouse in the end.\n",
        report.table(head, rows),
        "The next list is compared with the one before, which is read again. The peak is that of the larger of the two "
        "processes that an import has. Each is the best of its runs, its start included.\n",
    ]


if __name__ == "__main__":
    sys.exit(main())
