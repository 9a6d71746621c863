"""Builds and tries both images, unless the last recorded proof saw the same files.

    python -m harness.images.containers [--record]

``--record`` proves them in any case, and writes docs/containers.json and the tables of
docs/containers.md; it wants everything committed. docs/containers.md says what is proven.
Exit codes: 0 proven now or before, 1 not proven (the reason is printed).
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.common.tables import table
from harness.images.build_context import ROOT, inputs_hash
from harness.report import measured_at

RECORD: Final = ROOT / "docs" / "containers.json"
PAGE: Final = ROOT / "docs" / "containers.md"
_PROOF: Final = ROOT / "scripts" / "prove_containers.sh"
_SIZE: Final = re.compile(r"^size: (\S+) (.+)$")


def main() -> int:
    """Prove the images if that is needed; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="prove, and write the record")
    record = parser.parse_args().record
    if not record and _recorded().get("inputs") == inputs_hash():
        print(f"Both images were proven on commit {_recorded()['commit']}, from the same files")
        return 0
    if record and _git("status", "--porcelain"):
        print("not everything is committed: a record names the commit that it proves")
        return 1
    began_s = time.monotonic()
    code, lines = _prove()
    if code == 0 and record:
        _write(lines, round(time.monotonic() - began_s))
    return 1 if code else 0


def with_tables(page: str) -> str:
    """Return the page with its tables as the record has them."""
    record = _recorded()
    sizes = [[image, size] for image, size in record["sizes"].items()]
    proven = (
        f"On commit `{record['commit'][:12]}`, {record['proven_at'][:10]}, in {record['seconds']} s"
        f" on {record['system']}:\n\n" + "\n".join(f"- {line}" for line in record["proven"])
    )
    page = _replaced(page, "sizes", table(["image", "size"], sizes))
    return _replaced(page, "proven", proven)


def _replaced(page: str, name: str, text: str) -> str:
    """Return the page with another text behind ``<!-- name -->``.

    Raises
    ------
    ValueError
        If the page has no such place.
    """
    begin, end = f"<!-- {name} -->", "<!-- end -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    result, count = place.subn(lambda _: f"{begin}\n{text}\n{end}", page)
    if count != 1:
        raise ValueError(f"{count} places for {name!r} in the page")
    return result


def _recorded() -> dict[str, Any]:
    return dict(json.loads(RECORD.read_text())) if RECORD.exists() else {}


def _prove() -> tuple[int, list[str]]:
    """Run the proof and show what it prints; return its exit code and its lines."""
    lines = []
    with subprocess.Popen([_PROOF], cwd=ROOT, stdout=subprocess.PIPE, text=True) as proof:
        assert proof.stdout is not None  # noqa: S101 - narrows Popen's type
        for line in proof.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    return proof.returncode, lines


def _write(lines: list[str], seconds: int) -> None:
    record = {
        "commit": _git("rev-parse", "HEAD"),
        "inputs": inputs_hash(),
        "proven_at": measured_at(),
        "seconds": seconds,
        "system": _debian(),
        "sizes": {found[1]: found[2] for line in lines if (found := _SIZE.match(line))},
        "proven": [line.removeprefix("proved: ") for line in lines if line.startswith("proved: ")],
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    PAGE.write_text(with_tables(PAGE.read_text()))
    print(f"Wrote {RECORD.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.check_output(command, cwd=ROOT, text=True).strip()


def _debian() -> str:
    release = Path("/etc/os-release").read_text()
    found = re.search(r'^PRETTY_NAME="(.*)"$', release, re.MULTILINE)
    return f"{found[1] if found else 'Linux'}, {os.uname().machine}"


if __name__ == "__main__":
    sys.exit(main())
