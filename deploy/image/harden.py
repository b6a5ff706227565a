#!/usr/bin/env python3
"""Hardens the runtime configuration of an unpacked image: `harden.py BUNDLE SECCOMP HOUSE [WORD...]`.

The user of the image, a root file system that nobody writes to, no capability, no new privileges, the seccomp profile that container engines use
by default, a HOUSE of the host at /house, and the network of the host, so that a test can ask for the pages. The words are the command's.
"""

import json
import pathlib
import platform
import sys

USER = 65532
# The word of the seccomp profile for this machine.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def seccomp(profile):
    """The profile as a runtime has it: rules for other architectures, or for who has capabilities, are left out."""
    ours = ARCHITECTURES[platform.machine()]
    of_ours = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64"}[ours]
    maps = next(entry for entry in profile["archMap"] if entry["architecture"] == of_ours)
    rules = []
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if includes.get("caps") or ours in excludes.get("arches", []):
            continue
        if includes.get("arches") and ours not in includes["arches"]:
            continue
        kept = {"names": rule["names"], "action": rule["action"]}
        if rule.get("errnoRet") is not None:
            kept["errnoRet"] = rule["errnoRet"]
        if rule.get("args"):
            kept["args"] = rule["args"]
        rules.append(kept)
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
        "architectures": [of_ours, *(maps["subArchitectures"] or [])],
        "syscalls": rules,
    }


def main():
    bundle, profile, house = map(pathlib.Path, sys.argv[1:4])
    file = bundle / "config.json"
    config = json.loads(file.read_text())
    process = config["process"]
    if words := sys.argv[4:]:
        process["args"] = ["/usr/local/bin/x12-pipeline", *words]
    if process["user"].get("uid") != USER or process["user"].get("gid") != USER:
        sys.exit(f"the image's user is not {USER}")
    process.update(terminal=False, noNewPrivileges=True)
    process["capabilities"] = {name: [] for name in ("bounding", "effective", "inheritable", "permitted", "ambient")}
    # Those of the host: a nested one lets nobody raise them.
    process["rlimits"] = []
    config["root"]["readonly"] = True
    config["mounts"].append(
        {"destination": "/house", "type": "bind", "source": str(house.resolve()), "options": ["rbind", "rw", "nosuid", "nodev", "noexec"]}
    )
    linux = config["linux"]
    linux["namespaces"] = [entry for entry in linux["namespaces"] if entry["type"] not in ("network", "user")]
    linux.pop("uidMappings", None)
    linux.pop("gidMappings", None)
    linux["seccomp"] = seccomp(json.loads(profile.read_text()))
    file.write_text(json.dumps(config, indent=1))


if __name__ == "__main__":
    main()
