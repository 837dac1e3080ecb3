"""Starts Alertmanager and `kctriage tail`, writes failures, and looks at what Alertmanager's API says; see `run`."""

import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

CONFIG = "route:\n  receiver: none\nreceivers:\n  - name: none\n"
PATIENCE = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def fail(log, client, times):
    with open(log, "a") as f:
        for _ in range(times):
            stamp = now().strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
            f.write(
                f'{stamp} WARN  [org.keycloak.events] (executor-thread-1) type="REFRESH_TOKEN_ERROR", realmId="shop", realmName="shop", '
                f'clientId="{client}", userId="null", ipAddress="10.0.0.4", error="invalid_token", reason="Token is not active", grant_type="refresh_token"\n'
            )
            f.flush()
            time.sleep(0.02)


def until(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    sys.exit(f"FAILED: {what} did not come")


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "am.yml").write_text(CONFIG)
    log = folder / "server.log"
    log.touch()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    manager = subprocess.Popen(
        [os.environ["ALERTMANAGER"], f"--config.file={folder}/am.yml", f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "am.log").open("w"),
    )
    tail = None

    def get(path):
        try:
            with urllib.request.urlopen(base + path, timeout=5) as answer:
                return answer.read()
        except OSError:
            return None

    def alerts():
        return json.loads(get("/api/v2/alerts") or "[]")

    try:
        until("Alertmanager", lambda: get("/-/ready"))
        tail = subprocess.Popen(
            [os.environ["KCTRIAGE"], "tail", "--plain", "--alert", "name refreshes rate>2/10s by client severity critical"]
            + ["--alert-webhook", base, "--alert-webhook-format", "alertmanager", str(log)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(2)
        hostile = 'web "<x>" \\n {{ .Labels }}'
        fail(log, hostile, 5)
        found = until("the alert", alerts)
        assert len(found) == 1, found
        alert = found[0]
        assert alert["labels"]["alertname"] == "refreshes" and alert["labels"]["severity"] == "critical" and alert["labels"]["realm"] == "shop", alert
        assert "client" in alert["labels"] and alert["status"]["state"] == "active", alert
        assert alert["annotations"]["summary"].endswith("(limit 2)") and len(alert["annotations"]["kctriage_id"]) == 32, alert
        starts, ends = (datetime.datetime.fromisoformat(alert[key].replace("Z", "+00:00")) for key in ("startsAt", "endsAt"))
        assert starts <= now() < ends <= now() + datetime.timedelta(minutes=5), alert
        print(f"told: {alert['annotations']['summary']}, since {alert['startsAt']}, valid until {alert['endsAt']}")
        # it goes on: it is sent again with a later end
        end = time.monotonic() + 75
        while time.monotonic() < end and alerts() and alerts()[0]["endsAt"] == alert["endsAt"]:
            fail(log, hostile, 3)
            time.sleep(2)
        again = alerts()
        assert len(again) == 1 and again[0]["endsAt"] > alert["endsAt"] and again[0]["startsAt"] == alert["startsAt"], again
        assert again[0]["fingerprint"] == alert["fingerprint"], again
        print(f"told again: valid until {again[0]['endsAt']}")
        until("the end", lambda: alerts() == [])
        print("over: Alertmanager has no active alert any more")
        tail.send_signal(signal.SIGTERM)
        _, err = tail.communicate(timeout=30)
        assert tail.returncode == 0 and err == "", (tail.returncode, err)
        print("1 passed, 0 failed")
    finally:
        for child in (tail, manager):
            if child and child.poll() is None:
                child.kill()
                child.wait()


main()
