"""Reference cases: real data fitted by R, and by 200-bit arithmetic, against the public API.

`python -m tests.reference DIR [--group G] [--json FILE]` runs every case in a folder; `quantities.py` and `limits.py`
are the tables of what is compared; `cases/` holds the copies that pytest runs.
"""
