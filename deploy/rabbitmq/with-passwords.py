#!/usr/bin/env python3
"""Fills definitions.json with secrets from files, for a broker to import: `with-passwords.py FOLDER > definitions.json`.

A string "@FILE" stands for a file of FOLDER: under "password_hash" for its salted hash, as RabbitMQ makes it (SHA-256 of four random bytes and
the password), elsewhere for its first line. A shovel whose addresses have no files is left out, and this is said; a password must be there.
"""

import base64
import hashlib
import json
import os
import pathlib
import sys


def line(folder, name):
    """The first line of a file, which may not be empty."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].strip():
        sys.exit(f"{name} holds nothing")
    return lines[0].strip()


def hashed(password):
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def filled(value, folder, key=""):
    if isinstance(value, dict):
        return {key: filled(inner, folder, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, folder) for inner in value]
    if isinstance(value, str) and value.startswith("@"):
        secret = line(folder, value[1:])
        return hashed(secret) if key == "password_hash" else secret
    return value


def has_addresses(parameter, folder):
    strings = [text for text in parameter["value"].values() if isinstance(text, str) and text.startswith("@")]
    missing = [text[1:] for text in strings if not (folder / text[1:]).is_file()]
    if missing:
        print(f"the {parameter['component']} {parameter['name']} is left out: no {', '.join(missing)}", file=sys.stderr)
    return not missing


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: with-passwords.py FOLDER > definitions.json")
    folder = pathlib.Path(sys.argv[1])
    source = pathlib.Path(__file__).with_name("definitions.json")
    definitions = json.loads(source.read_text(encoding="utf-8"))
    definitions["parameters"] = [parameter for parameter in definitions["parameters"] if has_addresses(parameter, folder)]
    try:
        json.dump(filled(definitions, folder), sys.stdout, indent=2)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    print()


if __name__ == "__main__":
    main()
