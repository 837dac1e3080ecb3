#!/usr/bin/env python3
"""Write down the facts of two published schemas that the tests of `--format ecs` and `--format ocsf` check against: names, types, requirements and allowed
values, without their prose.

usage: extract.py ECS_CHECKOUT ECS_TAG OCSF_CHECKOUT OCSF_TAG   (needs git and PyYAML; writes ecs.json and ocsf.json beside this script)
"""
import json, os, subprocess, sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))


def show(repo, tag, path):
    return subprocess.run(["git", "-C", repo, "show", f"{tag}:{path}"], check=True, capture_output=True, text=True).stdout


def ecs(repo, tag):
    """Every field: its type, whether it is a list, and what it may hold."""
    fields = {}
    for name, f in yaml.safe_load(show(repo, tag, "generated/ecs/ecs_flat.yml")).items():
        fact = {"type": f["type"], "array": "array" in f.get("normalize", []), "required": bool(f.get("required"))}
        if f.get("allowed_values"):
            fact["allowed"] = {v["name"]: v.get("expected_event_types", []) for v in f["allowed_values"]}
        fields[name] = fact
    return {"schema": "Elastic Common Schema", "version": tag.lstrip("v"), "licence": "Apache-2.0", "fields": fields}


class Ocsf:
    def __init__(self, repo, tag):
        self.repo, self.tag = repo, tag
        self.files = subprocess.run(["git", "-C", repo, "ls-tree", "-r", "--name-only", tag], check=True, capture_output=True, text=True).stdout.split("\n")
        self.dictionary = json.loads(show(repo, tag, "dictionary.json"))
        self.objects = {}

    def read(self, path):
        return json.loads(show(self.repo, self.tag, path))

    def attributes(self, item, folder):
        """The attributes of a class or an object, with those that it inherits and includes."""
        found = {}
        parent = item.get("extends")
        if parent:
            path = next(f for f in self.files if f.startswith(folder) and f.rsplit("/", 1)[-1] == f"{parent}.json")
            found.update(self.attributes(self.read(path), folder))
        own = dict(item.get("attributes", {}))
        includes = own.pop("$include", [])
        for path in [includes] if isinstance(includes, str) else includes:
            if not path.startswith("profiles/"):        # a profile is an option of the event that carries its name
                found.update(self.read(path).get("attributes", {}))
        for name, fact in own.items():
            found[name] = {**found.get(name, {}), **fact, **({"enum": {**found.get(name, {}).get("enum", {}), **fact["enum"]}} if "enum" in fact else {})}
        return found

    def fact(self, name, use):
        d = self.dictionary["attributes"][name]
        enum = {**d.get("enum", {}), **use.get("enum", {})}
        kind = use.get("type", d["type"])
        if kind in ("object_t",):
            kind = "object:" + use.get("object_type", d.get("object_type", "object"))
        known = self.dictionary["types"]["attributes"]
        if kind not in known and not kind.startswith("object:") and kind != "json_t":
            kind = "object:" + kind
        base = known.get(kind, {})
        fact = {"type": kind, "array": bool(d.get("is_array")), "requirement": use.get("requirement", "optional")}
        if base.get("type"):
            fact["base"] = base["type"]
        if base.get("regex"):
            fact["regex"] = base["regex"]
        if enum:
            fact["enum"] = {key: value["caption"] for key, value in enum.items()}
        if kind.startswith("object:"):
            self.object(kind.split(":", 1)[1])
        return fact

    def object(self, name):
        if name in self.objects or name == "object":
            return
        self.objects[name] = {}
        path = next(f for f in self.files if f.startswith("objects/") and f.rsplit("/", 1)[-1] == f"{name}.json")
        item = self.read(path)
        self.objects[name] = {"attributes": {n: self.fact(n, use) for n, use in self.attributes(item, "objects/").items()}, "constraints": item.get("constraints", {})}

    def class_of(self, path):
        item = self.read(path)
        attributes = {n: self.fact(n, use) for n, use in self.attributes(item, "events/").items()}
        category = self.read("categories.json")["attributes"]["iam"]["uid"]
        uid = category * 1000 + item["uid"]
        return {"name": item["caption"], "category_uid": category, "class_uid": uid, "attributes": attributes, "constraints": item.get("constraints", {})}


def ocsf(repo, tag):
    schema = Ocsf(repo, tag)
    found = schema.class_of("events/iam/authentication.json")
    # objects that an event of ours cannot reach need not be here
    kept = {k: schema.objects[k] for k in ("metadata", "product", "user", "session", "service", "network_endpoint", "actor") if k in schema.objects}
    return {"schema": "Open Cybersecurity Schema Framework", "version": tag.lstrip("v"), "licence": "Apache-2.0", "class": found, "objects": kept}


if __name__ == "__main__":
    for name, facts in (("ecs", ecs(*sys.argv[1:3])), ("ocsf", ocsf(*sys.argv[3:5]))):
        key = "fields" if name == "ecs" else "class"
        if name == "ecs":
            # fields under one root are many; only the roots that findings touch are kept
            roots = {"@timestamp", "ecs", "event", "error", "labels", "log", "message", "observer", "related", "rule", "service", "source", "tags", "user"}
            deep = (".entity.", ".geo.", ".os.", ".origin.", ".target.", ".ingress.", ".egress.", ".syslog.", ".changes.", ".effective.", ".risk.", ".nat.", ".as.")
            facts[key] = {n: f for n, f in facts[key].items() if n.split(".")[0] in roots and not any(d in n for d in deep)}
        with open(os.path.join(HERE, f"{name}.json"), "w") as out:
            json.dump(facts, out, indent=0, sort_keys=True)
            out.write("\n")
