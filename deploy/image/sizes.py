#!/usr/bin/env python3
"""Says what an image weighs: `sizes.py LAYOUT PROGRAM_BYTES`. Packed is what a registry sends, unpacked what a host keeps of it."""

import gzip
import json
import pathlib
import sys


def main():
    layout = pathlib.Path(sys.argv[1])

    def blob(of):
        return layout / "blobs" / of["digest"].replace(":", "/")

    index = json.loads((layout / "index.json").read_text(encoding="utf-8"))
    manifest = json.loads(blob(index["manifests"][0]).read_text(encoding="utf-8"))
    packed = sum(layer["size"] for layer in manifest["layers"])
    unpacked = 0
    for layer in manifest["layers"]:
        with gzip.open(blob(layer)) as tar:
            while piece := tar.read(1 << 20):
                unpacked += len(piece)
    program = int(sys.argv[2])
    count = len(manifest["layers"])
    print(f"image: {unpacked // 1000} kB unpacked, of which the program {program // 1000} kB; {packed // 1000} kB packed; {count} layer(s)")


if __name__ == "__main__":
    main()
