"""Run reference cases: one line a case, a summary, exit status 1 if any fails."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from .case import load_folder
from .verdict import Verdict, judge


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of case files, searched recursively")
    parser.add_argument("--group", help="only this feature group")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number here")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    started = time.perf_counter()
    verdicts: list[Verdict] = []
    for case in load_folder(options.folder, options.group):
        verdicts.append(judge(case))
        print(verdicts[-1], flush=True)
    if options.json:
        options.json.write_text(json.dumps([v.as_dict() for v in verdicts], indent=1))
    return report(verdicts, time.perf_counter() - started)


def report(verdicts: list[Verdict], seconds: float) -> int:
    counts = Counter(v.word for v in verdicts)
    compared = sum(len(v.measurements) for v in verdicts)
    words = ", ".join(f"{counts[w]} {w}" for w in ("pass", "fail", "unsupported"))
    print(f"\n{len(verdicts)} cases: {words}; {compared} quantities in {seconds:.0f} s")
    for verdict in verdicts:
        for failure in verdict.failures:
            print(f"  FAIL {verdict.case.id} {failure}")
    return 1 if counts["fail"] or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
