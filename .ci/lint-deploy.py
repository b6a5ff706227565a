#!/usr/bin/env python3
"""What no validator knows of deploy/: that it agrees with the program, and with itself. `lint-deploy.py FOLDER`, which has the rendered manifests.

Names of queues, pages, measures and commands are read from pipeline/src, times to stop from the settings; custom resources are held against a
strict schema of ours.
"""

import json
import pathlib
import re
import sys
import tomllib

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
WRONG = []


class Template(yaml.SafeLoader):
    """CloudFormation's YAML: what its tags say plays no part here."""


Template.add_multi_constructor("!", lambda loader, suffix, node: {suffix: getattr(node, "value", None)})


def must(holds, what):
    if not holds:
        WRONG.append(what)


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def settings(path):
    return tomllib.loads(text(path)).get("work", {})


def default(name):
    """A default of `[work]`, as the program has it."""
    return int(re.search(rf"\b{name}: (\d+),", text("pipeline/src/profile/settings.rs")).group(1))


def seconds(duration):
    return sum(int(number) * {"m": 60, "s": 1}[unit] for number, unit in re.findall(r"(\d+)([ms])", duration))


def verbs():
    body = text("pipeline/src/terminal/arguments.rs").split("pub enum Verb {")[1].split("\n}")[0]
    return {name.lower() for name in re.findall(r"^    (\w+)", body, re.M)}


PAGES = set(re.findall(r'\.route\("([^"]+)"', text("pipeline/src/web/mod.rs")))
GRACE = settings("deploy/house/config.toml").get("grace_s", default("grace_s"))
# As the table in topology.rs has them, by whose prefix they begin; those with a partner in their names are one for each.
NAMES = re.findall(r"▶ PREFIX\.([\w.]+)", text("pipeline/src/rabbitmq/topology.rs"))
QUEUES = {"x12." + name.replace("PARTNER", "acme").replace("MS", "250").replace("PART", "translate") for name in NAMES}
OF_PARTNERS = {queue for queue in QUEUES if queue.endswith(".acme")}


def pod(name, spec, rendered):
    containers = {container["name"]: container for container in spec["containers"]}
    main = containers["pipeline"]
    must(spec["terminationGracePeriodSeconds"] >= default("job_s") + 30, f"{name}: it is killed before a job may end")
    must(spec["terminationGracePeriodSeconds"] > GRACE, f"{name}: it is killed within its grace")
    must(set(main["args"]) <= verbs(), f"{name}: {main['args']} is no part of the road")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        must(main[probe]["httpGet"]["path"] in PAGES, f"{name}: there is no page for {probe}")
    must(not spec["automountServiceAccountToken"], f"{name}: it has a token")
    for container in spec["containers"]:
        must(re.search(r":\d+\.\d+\.\d+$", container["image"]), f"{name}: {container['image']} has no version")
        for variable in container.get("env", []):
            must("valueFrom" in variable or not re.search("PASSWORD|SECRET|KEY$", variable["name"]), f"{name}: a secret in the environment")
    for volume in spec["volumes"]:
        if configured := volume.get("configMap"):
            must(("ConfigMap", configured["name"]) in rendered, f"{name}: there is no config map {configured['name']}")


def scaled(document, rendered):
    name, spec = document["metadata"]["name"], document["spec"]
    target = rendered.get(("Deployment", spec["scaleTargetRef"]["name"]))
    must(target, f"{name}: there is no such deployment")
    must(not target or "replicas" not in target["spec"], f"{name}: applying it again sets the number of workers back")
    least, most, fallback = spec["minReplicaCount"], spec["maxReplicaCount"], spec["fallback"]["replicas"]
    must(1 <= least <= fallback <= most, f"{name}: floor, fallback and ceiling")
    for trigger in spec["triggers"]:
        asked = trigger["metadata"]
        is_pattern = asked.get("useRegex") == "true"
        found = {queue for queue in QUEUES if (re.search(asked["queueName"], queue) if is_pattern else asked["queueName"] == queue)}
        must(len(found) == 1 or is_pattern, f"{name}: {asked['queueName']} is no queue of the program's")
        must(not is_pattern or found == OF_PARTNERS, f"{name}: {asked['queueName']} finds {sorted(found)}, not the queues of partners")
        must(not is_pattern or "pageSize" in asked, f"{name}: a pattern without the size of a page")


def kubernetes(folder):
    schema = json.loads(text("deploy/kubernetes/custom-resources.schema.json"))
    # One for each kind, so that what is wrong is told of that kind.
    kinds = {one["properties"]["kind"]["const"]: jsonschema.Draft202012Validator({**one, "$defs": schema["$defs"]}) for one in schema["oneOf"]}
    for file in sorted(folder.glob("*.yaml")):
        documents = [document for document in yaml.safe_load_all(file.read_text(encoding="utf-8")) if document]
        rendered = {(document["kind"], document["metadata"]["name"]): document for document in documents}
        for (kind, name), document in rendered.items():
            where = f"{file.name}: {name}"
            must(kind != "Secret", f"{where}: a secret stands in a file")
            group = document["apiVersion"].partition("/")[0]
            if "." in group and not group.endswith(".k8s.io"):
                must(kind in kinds, f"{where}: there is no schema for a {kind}")
                for error in kinds[kind].iter_errors(document) if kind in kinds else []:
                    must(False, f"{where}: {error.json_path}: {error.message}")
            if kind == "Deployment":
                pod(where, document["spec"]["template"]["spec"], rendered)
            if kind == "ScaledObject" and not WRONG:
                scaled(document, rendered)


def compose():
    house = yaml.safe_load(text("deploy/compose.yaml"))
    for name, service in house["services"].items():
        must(service["read_only"] and service["cap_drop"] == ["ALL"], f"compose: {name} may write, or has capabilities")
        must("no-new-privileges:true" in service["security_opt"], f"compose: {name} may get privileges")
        must("mem_limit" in service and "pids_limit" in service, f"compose: {name} has no limits")
        must("healthcheck" in service or service["restart"].startswith("on-failure"), f"compose: nobody asks for the health of {name}")
        must(re.search(r":[\w-]*\d+\.\d+|:RELEASE\.", service["image"]), f"compose: {service['image']} has no version")
        if service["image"].startswith("x12-pipeline"):
            must(seconds(service["stop_grace_period"]) > GRACE, f"compose: {name} is killed within its grace")
            must(set(service["command"]) <= verbs(), f"compose: {service['command']} is no part of the road")


def aws():
    grace = settings("deploy/kubernetes/overlays/aws/config.toml")["grace_s"]
    template = yaml.load(text("deploy/aws/service.yaml"), Loader=Template)
    task = template["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    program = next(container for container in task if container["Name"] == "pipeline")
    must(grace < program["StopTimeout"] <= 120, "aws: a task is killed within its grace")
    must(set(template["Parameters"]["Role"]["AllowedValues"]) <= verbs(), "aws: a service is no part of the road")
    rights = yaml.load(text("deploy/aws/roles.yaml"), Loader=Template)["Resources"]["Protects"]["Properties"]
    protected = {"x12-" + role["Ref"].lower() for role in rights["Roles"]}
    for file in ("scaling", "scaling-lambda"):
        asked = yaml.load(text(f"deploy/aws/{file}.yaml"), Loader=Template)["Parameters"]
        must(set(asked["Queue"]["AllowedValues"]) <= QUEUES, f"aws: {file} names a queue that is none")
        must(set(asked["Service"]["AllowedValues"]) <= protected, f"aws: {file} scales who may not have its task protected")


def measures():
    """What alerts and dashboard ask for is what the program counts."""
    source = text("pipeline/src/measures.rs").split("#[cfg(test)]")[0]
    known = {f"x12_{name}" for name in re.findall(r'\(?"([a-z_]+)",\s*(?:"|help|up)', source)}
    known |= {f"{name}_total" for name in known} | {f"x12_step_seconds_{end}" for end in ("bucket", "sum", "count")}
    for file in ("alerts.yaml", "dashboard.json"):
        asked = set(re.findall(r"\bx12_[a-z_]+", text(f"deploy/monitoring/{file}")))
        must(asked and asked <= known, f"monitoring/{file}: nobody counts {', '.join(sorted(asked - known))}")


def runbook():
    headings = set(re.findall(r"^## (.+)$", text("deploy/RUNBOOK.md"), re.M))
    asked = re.findall(r'RUNBOOK\.md: ([^"]+)"', text("deploy/monitoring/alerts.yaml")) + re.findall(r'RUNBOOK, "([^"]+)"', text("deploy/aws/cluster.yaml"))
    for heading in asked:
        must(heading in headings, f"RUNBOOK.md has no `{heading}`")


def broker():
    definitions = json.loads(text("deploy/rabbitmq/definitions.json"))
    for user in definitions["users"]:
        must("password" not in user and user["password_hash"].startswith("@"), f"definitions.json: a password of {user['name']}")
    rights = next(rights for rights in definitions["permissions"] if rights["user"] == "x12")
    for right in ("configure", "write", "read"):
        for name in [*sorted(QUEUES), "x12.jobs", "documents.on-premises"]:
            must(re.search(rights[right], name), f"definitions.json: x12 may not {right} {name}")
        for name in ("other", "amq.topic", "x12"):
            must(not re.search(rights[right], name), f"definitions.json: x12 may {right} {name}")


def lengths():
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            lines = file.read_text(encoding="utf-8").count("\n")
            must(lines < 600, f"{file.relative_to(ROOT)}: {lines} lines")


def main():
    kubernetes(pathlib.Path(sys.argv[1]))
    for check in (compose, aws, measures, runbook, broker, lengths):
        check()
    if WRONG:
        sys.exit("\n".join(WRONG))
    print("deploy agrees with the program and with itself")


if __name__ == "__main__":
    main()
