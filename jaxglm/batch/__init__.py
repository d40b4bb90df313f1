"""Many fits as one program: members of one shape, in chunks and rounds, each with its own status."""

from .engine import Outcome, Plan, fit_members, over_members
from .members import Members, stack_sizes, stack_widths
from .threads import in_turn

__all__ = ["Members", "Outcome", "Plan", "fit_members", "in_turn", "over_members", "stack_sizes", "stack_widths"]
