#!/usr/bin/env python3
"""Writes the bill of materials of the image, CycloneDX 1.5 in JSON: `sbom.py BINARY > sbom.cdx.json`.

What is in it: every crate of Cargo.lock that x12-pipeline reaches, and the Debian packages of the shared libraries and certificates. A lock file
does not tell crates for tests and build scripts from others, so the list is rather too long than too short. The same inputs give the same bytes.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tomllib
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = "x12-pipeline"


def reached(packages):
    """The packages that ROOT reaches, each with the names of what it asks for."""
    by_name = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)

    def found(asked):
        name, _, version = asked.partition(" ")
        version = version.split(" ")[0]
        return next(package for package in by_name[name] if version in ("", package["version"]))

    edges, waiting = {}, [found(ROOT)]
    while waiting:
        package = waiting.pop()
        if reference(package) in edges:
            continue
        asked = [found(name) for name in package.get("dependencies", [])]
        edges[reference(package)] = (package, [reference(other) for other in asked])
        waiting.extend(asked)
    return edges


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def crate(package):
    component = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if "checksum" in package:
        component["hashes"] = [{"alg": "SHA-256", "content": package["checksum"]}]
    return component


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def debian(binary):
    listed = run(HERE / "libraries", binary).splitlines()
    names = sorted({line.split()[0] for line in listed} | {"ca-certificates"})
    version_id = next(line for line in pathlib.Path("/etc/os-release").read_text().splitlines() if line.startswith("VERSION_ID="))
    distribution = "debian-" + version_id.partition("=")[2].strip('"')
    for name in names:
        version, architecture = run("dpkg-query", "-W", "-f", "${Version} ${Architecture}\n", name).splitlines()[0].split()
        purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}&distro={distribution}"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: sbom.py BINARY > sbom.cdx.json")
    lock = tomllib.loads((HERE.parent.parent / "Cargo.lock").read_text(encoding="utf-8"))
    edges = reached(lock["package"])
    program = next(package for package, _ in edges.values() if package["name"] == ROOT)
    packages = list(debian(sys.argv[1]))
    digest = hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest()
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                **crate(program),
                "type": "application",
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        },
        "components": [crate(package) for key, (package, _) in sorted(edges.items()) if package is not program] + packages,
        "dependencies": [
            {"ref": key, "dependsOn": sorted(set(asked)) + ([package["bom-ref"] for package in packages] if of is program else [])}
            for key, (of, asked) in sorted(edges.items())
        ],
    }
    name = hashlib.sha256(json.dumps(bill, sort_keys=True).encode()).hexdigest()
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}"
    json.dump(bill, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
