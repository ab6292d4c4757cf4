"""The shape of everything that the core takes and tells."""

from msgspec import Struct


class Record(Struct, frozen=True, gc=False, array_like=True, tag_field="record"):
    """A frozen fact of scalars, kept as a compact array whose first element is its tag, where it has one.

    New fields go to the end and have a default, so that old rows stay readable.
    """
