"""Runs one experiment: python -m experiments.run configs/quick.toml [--set key=value] [--out DIR]."""

import argparse
import csv
import html
import importlib
import json
import sys
import time
from pathlib import Path

from experiments import config as configs
from experiments.progress import progress
from experiments.report import Outcome, text_table


def main(argv: list[str] | None = None) -> int:
    """0 if the experiment passed, 1 if it did not, 2 if its config cannot be run."""
    arguments = _parser().parse_args(argv)
    try:
        name, values = configs.read(arguments.config, arguments.set)
        module = importlib.import_module(f"experiments.{name}")
        config = configs.build(module.Config, values)
    except configs.ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if arguments.cache:
        _keep_programs(arguments.cache)
    out = arguments.out or Path("results") / arguments.config.stem
    start = time.perf_counter()
    outcome = module.run(config, out, progress)
    _write(outcome, name, config, out, time.perf_counter() - start)
    print(*map(text_table, outcome.tables), f"report: {out / 'report.html'}", sep="\n\n")
    return 0 if outcome.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.run", description=__doc__)
    parser.add_argument("config", type=Path, help="a TOML file, such as configs/quick.toml")
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="override one key; repeatable")
    parser.add_argument(
        "--cache", metavar="DIR", help="keep compiled programs there: a later run starts warm (not for timings)"
    )
    parser.add_argument("--out", type=Path, help="where results go (default: results/<name of the config>)")
    return parser


def _keep_programs(folder: str) -> None:
    import jax

    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def _write(outcome: Outcome, name: str, config: object, out: Path, seconds: float) -> None:
    from experiments.environment import environment

    env = json.dumps(environment(name, config, seconds), indent=2)
    outcome.report.html(f"<details><summary>How this was made</summary><pre>{html.escape(env)}</pre></details>")
    (out / "env.json").write_text(env + "\n", encoding="utf-8")
    (out / "report.html").write_text(outcome.report.page(), encoding="utf-8")
    with (out / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(dict.fromkeys(key for row in outcome.rows for key in row)))
        writer.writeheader()
        writer.writerows(outcome.rows)


if __name__ == "__main__":
    sys.exit(main())
