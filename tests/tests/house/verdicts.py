"""What pyx12 says of X12 files: one line each of file, verdict and error codes, never a value.

Reads paths from stdin. The verdict is `valid`, `invalid`, `no map` (pyx12 has no guide for it), `refused` (no interchange
that pyx12 can read) or `stopped` (pyx12 gave up with an exception, whose name stands for the codes).
"""

import logging
import sys

import pyx12.error_handler
import pyx12.errors
import pyx12.params
import pyx12.x12n_document

CODES = []


class Recorder(pyx12.error_handler.err_handler):
    """Notes the code of every error on its way into pyx12's tree."""

    def isa_error(self, err_cde, err_str):
        CODES.append(f"isa-{err_cde}")
        super().isa_error(err_cde, err_str)

    def gs_error(self, err_cde, err_str):
        CODES.append(f"gs-{err_cde}")
        super().gs_error(err_cde, err_str)

    def st_error(self, err_cde, err_str):
        CODES.append(f"st-{err_cde}")
        super().st_error(err_cde, err_str)

    def seg_error(self, err_cde, err_str, *rest):
        CODES.append(f"seg-{err_cde}")
        super().seg_error(err_cde, err_str, *rest)

    def ele_error(self, err_cde, err_str, *rest):
        CODES.append(f"ele-{err_cde}")
        super().ele_error(err_cde, err_str, *rest)


def verdict(path):
    """The verdict on one file, and the codes that led to it."""
    CODES.clear()
    begun = []
    param = pyx12.params.params()
    try:
        valid = pyx12.x12n_document.x12n_document(
            param, path, None, None, callback=lambda *_: begun.append(True)
        )
    except pyx12.errors.EngineError as error:
        if str(error).startswith("Map not found"):
            return "no map", []
        return "stopped", ["EngineError"]
    except Exception as error:  # whatever pyx12 lets through is its verdict
        return "stopped", [type(error).__name__]
    if not begun:
        return "refused", []
    return ("valid" if valid else "invalid"), sorted(set(CODES))


def main():
    """One line for each path on stdin."""
    logging.disable(logging.CRITICAL)
    pyx12.error_handler.err_handler = Recorder
    for line in sys.stdin:
        path = line.rstrip("\n")
        word, codes = verdict(path)
        print(path, word, " ".join(codes), sep="\t", flush=True)


main()
