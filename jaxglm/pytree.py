"""Frozen dataclasses as pytrees: fields are leaves, those marked static are part of the structure."""

import dataclasses
from typing import TypeVar, dataclass_transform

import jax

T = TypeVar("T")


def static(**options):
    """A field that belongs to the structure of the tree: a new value compiles anew."""
    return dataclasses.field(metadata={"static": True}, **options)


@dataclass_transform(frozen_default=True, field_specifiers=(static, dataclasses.field))
def pytree(cls: type[T]) -> type[T]:
    """Class decorator: a frozen dataclass registered as a pytree.

    `jax.tree_util.register_dataclass` is not used: in jaxlib 0.10 the structures of two different dataclasses compare
    equal, so that a Poisson model could run the program that was compiled for a geometric one.
    """
    made = dataclasses.dataclass(frozen=True)(cls)
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    leaves = tuple(f.name for f in fields if not f.metadata.get("static"))
    fixed = tuple(f.name for f in fields if f.metadata.get("static"))
    keys = tuple(jax.tree_util.GetAttrKey(name) for name in leaves)

    def flatten(x):
        return tuple(getattr(x, name) for name in leaves), (made, *(getattr(x, name) for name in fixed))

    def flatten_with_keys(x):
        children, structure = flatten(x)
        return tuple(zip(keys, children, strict=True)), structure

    def unflatten(structure, children):
        x = object.__new__(made)
        x.__dict__.update(zip(fixed, structure[1:], strict=True))
        x.__dict__.update(zip(leaves, children, strict=True))
        return x

    jax.tree_util.register_pytree_with_keys(made, flatten_with_keys, unflatten, flatten)  # type: ignore[arg-type]
    return made
