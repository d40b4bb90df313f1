"""Runnable experiments: `python -m experiments.run CONFIG.toml` writes numbers, pictures and one report."""
