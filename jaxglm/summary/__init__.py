"""The summary of a fit, and numbers as its tables show them."""

from .content import render
from .numbers import count, decimal, decimals_of, number, p_value
from .pages import CELL, LEFT, LINE, Summary, shortened
