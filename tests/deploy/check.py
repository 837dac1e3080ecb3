"""What tests/deploy/run checks with Python: PROGRAM and TOOLS are the built binary and the folder with promtool and prometheus."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import kubernetes_validate
import promql_parser
import yaml
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text_format

PROGRAM, TOOLS = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# labels that Prometheus adds to what it scrapes
SCRAPED = {"instance", "job", "__name__"}
KUBERNETES = ["1.29", "1.33", "1.37"]
PATIENCE = 60


def get(url, **headers):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE).read().decode()


def wait_for(what, probe):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := probe():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"{what} did not come about within {PATIENCE} s")


# Kubernetes


def kubernetes():
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            for version in KUBERNETES:
                kubernetes_validate.validate(document, version, strict=True)
            if template := document.get("spec", {}).get("template"):
                hardened(path.name, template["spec"])
        print(f"  {path.name}: as Kubernetes {', '.join(KUBERNETES)} has it")


def hardened(name, pod):
    for container in pod.get("initContainers", []) + pod["containers"]:
        rights = {**pod["securityContext"], **container["securityContext"]}
        where = f"{name}: {container['name']}"
        assert rights["allowPrivilegeEscalation"] is False and rights["capabilities"]["drop"] == ["ALL"], where
        assert container["resources"]["requests"] and container["resources"]["limits"]["memory"], where
        mounts = {m["name"]: m for m in container["volumeMounts"]}
        assert mounts.keys() <= {v["name"] for v in pod["volumes"]}, where
        if container["name"] == "kctriage":
            assert rights["runAsNonRoot"] and rights["readOnlyRootFilesystem"] and container["livenessProbe"], where
            assert all(mounts[m].get("readOnly") for m in ("log", "logs") if m in mounts), where
            options = subprocess.run([PROGRAM, "tail", "--help"], capture_output=True, text=True, check=True).stdout
            for argument in (a for a in container["args"] if a.startswith("--")):
                assert argument.split("=")[0] in options, f"{where}: {argument}"


# the dashboard and the rules


def selectors(node):
    """Yields the metric names and the label names of an expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name, {m.name for m in node.matchers.matchers}
    for part in ("expr", "lhs", "rhs", "vector_selector", "args", "param"):
        below = getattr(node, part, None)
        for each in below if isinstance(below, list) else [below]:
            if each is not None and not isinstance(each, (str, int, float)):
                yield from selectors(each)


def queries(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            series = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            yield f"${variable['name']}", f"count by ({series[2]}) ({series[1]})"
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield annotation["name"], annotation["expr"]


def filled_in(expr):
    for variable, value in {"$realm": ".*", "$client": ".*", "$__rate_interval": "10s", "$__range": "10m"}.items():
        expr = expr.replace(variable, value)
    assert "$" not in expr, f"unknown variable: {expr}"
    return expr


def layout(dashboard):
    assert 36 <= dashboard["schemaVersion"] <= 41 and dashboard["uid"] and dashboard["title"]
    panels = dashboard["panels"]
    assert len({p["id"] for p in panels}) == len(panels), "panels share an id"
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, f"{panel['title']} lies over another panel"
        taken |= cells
        if panel["type"] != "row":
            refs = [t["refId"] for t in panel["targets"]]
            assert len(set(refs)) == len(refs), panel["title"]
            assert all(t["datasource"]["uid"] == "${datasource}" for t in [panel, *panel["targets"]]), panel["title"]


def names_exist(where, expr, shown, recorded):
    try:
        tree = promql_parser.parse(expr)
    except ValueError as error:
        sys.exit(f"{where}: {error}: {expr}")
    used = list(selectors(tree))
    assert used, f"{where}: no metric in {expr}"
    for name, labels in used:
        if name in recorded:
            continue
        assert name in shown, f"{where}: the binary has no {name}"
        assert labels <= shown[name] | SCRAPED, f"{where}: {name} has no label {labels - shown[name] - SCRAPED}"
    return [name for name, _ in used]


# the binary


class Tail:
    def __init__(self, folder):
        self.log = folder / "server.log"
        self.log.touch()
        command = [PROGRAM, "tail", "--format", "ndjson", "--metrics", "127.0.0.1:0", "--metrics-file", folder / "kctriage.prom", "--state", folder / "state", "--start", "beginning", self.log]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        note = self.process.stderr.readline()
        self.at = re.search(r"http://(\S+)/metrics", note)[1]

    def write(self, lines):
        with self.log.open("ab") as log:
            log.writelines(lines)

    def metrics(self, accept):
        return get(f"http://{self.at}/metrics", Accept=accept)


def numbers(families):
    values, labels = {}, {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in values, f"{key} is there twice"
            values[key] = sample.value
            labels.setdefault(sample.name, set()).update(sample.labels)
    return values, labels


def pages(tail):
    """Both formats, as others read them; returns the labels of each name."""
    plain, opened = tail.metrics("text/plain"), tail.metrics("application/openmetrics-text; version=1.0.0")
    checked = subprocess.run([TOOLS / "promtool", "check", "metrics"], input=plain, text=True, capture_output=True)
    assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr
    (left, labels), (right, _) = numbers(text_format.text_string_to_metric_families(plain)), numbers(openmetrics.text_string_to_metric_families(opened))
    right = {key: value for key, value in right.items() if not key[0].endswith("_created")}
    assert left.keys() == right.keys(), left.keys() ^ right.keys()
    assert any("\\x" in value for key in left for _, value in key[1]), "the log has hostile names, and no label shows one"
    steady = {key for key in left if key[0] in ("kctriage_token_failures_total", "kctriage_verdicts_revised_total")}
    assert len(steady) > 10 and all(left[key] == right[key] for key in steady)
    documented = set(re.findall(r"^\| `(kctriage_\w+)`", (ROOT / "docs/metrics.md").read_text(), re.M))
    assert labels.keys() <= documented, labels.keys() - documented
    print(f"  promtool and prometheus_client read {len(left)} series of {len(labels)} names, in the text format and in OpenMetrics")
    return labels


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Prometheus:
    """A Prometheus that scrapes the binary once a second and follows the rules."""

    def __init__(self, folder, target):
        rules = folder / "rules.yml"
        shutil.copy(DEPLOY / "prometheus/kctriage.rules.yml", rules)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "kctriage", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.at = f"127.0.0.1:{free_port()}"
        command = [TOOLS / "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={self.at}"]
        self.log = (folder / "prometheus.log").open("w")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        wait_for("Prometheus", lambda: get(f"http://{self.at}/-/ready"))

    def ask(self, what, **parameters):
        answer = json.loads(get(f"http://{self.at}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def scrape(self):
        targets = self.ask("targets")["activeTargets"]
        assert all(not t["lastError"] for t in targets), targets
        return bool(targets) and all(t["health"] == "up" for t in targets)


def main():
    kubernetes()
    dashboard = json.loads((DEPLOY / "grafana/kctriage.json").read_text())
    layout(dashboard)
    rules = [r for g in yaml.safe_load((DEPLOY / "prometheus/kctriage.rules.yml").read_text())["groups"] for r in g["rules"]]
    recorded = {r["record"] for r in rules if "record" in r}
    with tempfile.TemporaryDirectory() as folder:
        folder, started = Path(folder), []
        try:
            tail = Tail(folder)
            started.append(tail.process)
            prometheus = Prometheus(folder, tail.at)
            started.append(prometheus.process)
            wait_for("a scrape", prometheus.scrape)
            # in parts, so that counters grow between scrapes: a counter that is new and stays tells no rate
            lines = b"".join((ROOT / f"tests/recordings/{name}/server.log").read_bytes() for name in ("2673-load", "2673-hostile", "2673-success")).splitlines(keepends=True)
            for part in range(8):
                tail.write(lines[len(lines) * part // 8 : len(lines) * (part + 1) // 8])
                time.sleep(1.2)
            wait_for("a run that is ready", lambda: get(f"http://{tail.at}/readyz"))
            shown = pages(tail)
            used, silent = set(), []
            for title, expr in queries(dashboard):
                expr = filled_in(expr)
                used.update(names_exist(f"dashboard, {title}", expr, shown, set()))
                if not wait_for_result(prometheus, expr):
                    silent.append(f"{title}: {expr}")
            assert not silent, "queries of the dashboard that show nothing:\n" + "\n".join(silent)
            for rule in rules:
                names_exist(rule.get("alert") or rule["record"], rule["expr"], shown, recorded)
            ill = [r for g in prometheus.ask("rules")["groups"] for r in g["rules"] if r["health"] != "ok"]
            assert not ill, ill
            assert prometheus.scrape()
            print(f"  a real Prometheus scraped it; {len(list(queries(dashboard)))} queries of the dashboard show something, {len(rules)} rules are evaluated")
            hidden = {n for n in shown if n.startswith("kctriage_")} - used
            print(f"  not on the dashboard: {', '.join(sorted(hidden)) or 'nothing'}")
            tail.process.terminate()
            assert tail.process.wait(PATIENCE) == 0
            page = (folder / "kctriage.prom").read_text()
            numbers(text_format.text_string_to_metric_families(page))
            print("  the file for node_exporter is one, too")
        finally:
            for process in started:
                process.kill()
                process.wait()


def wait_for_result(prometheus, expr):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if prometheus.ask("query", query=expr)["result"]:
            return True
        time.sleep(0.5)
    return False


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    main()
