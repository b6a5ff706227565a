"""What linuxforhealth-x12 says of X12 files: one line each of file, verdict and classes of faults, never a value.

Reads paths from stdin. The verdict is `valid`, `invalid`, or `stopped` (it has no model of the set, or gave up with an exception).
A class is the kind of fault and the last two names of its place: `missing:nm1_segment/identification_code`.
"""

import logging
import sys

import pydantic
from linuxforhealth.x12.io import X12ModelReader


def classes(error):
    """The classes of a validation error's faults; a fault of a whole model has no place."""
    found = set()
    for fault in error.errors():
        kind = fault["type"].removeprefix("value_error.").removeprefix("type_error.")
        names = [str(name) for name in fault["loc"] if isinstance(name, str) and not name.startswith("__")]
        found.add(f"{kind}:{'/'.join(names[-2:])}")
    return sorted(found)


def verdict(path):
    """The verdict on one file, and the classes that led to it."""
    try:
        with X12ModelReader(path) as reader:
            models = sum(1 for _ in reader.models())
    except pydantic.ValidationError as error:
        return "invalid", classes(error)
    except Exception:  # whatever it lets through: it has no model, or cannot read on
        return "stopped", []
    return ("valid" if models else "stopped"), []


def main():
    """One line for each path on stdin."""
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        path = line.rstrip("\n")
        word, found = verdict(path)
        print(path, word, " ".join(found), sep="\t", flush=True)


main()
