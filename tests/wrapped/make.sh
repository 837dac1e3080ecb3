#!/bin/sh
# Makes the files of this folder again with the tools themselves: systemd (journalctl, systemd-journal-remote) and rsyslogd.
# Run as root in the repository's root; nothing but this folder is written.
set -eu
here=tests/wrapped
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

slice() { head -n 60 "tests/recordings/$1/server.log" | tail -n 40; }
slice 2673-plain > "$here/plain.log"
# a stack trace, so that there are lines that are no heads
grep -n -m1 -A12 'Exception' tests/recordings/2405-plain/server.log | sed 's/^[0-9]*[:-]//' >> "$here/plain.log" || true
sed -n '60,99p' tests/recordings/2673-json/server.log > "$here/json.log"

# the journal: an export stream becomes a journal file, journalctl prints it
export_stream() {
    python3 - "$1" <<'PY'
import sys
at = 1795446523457000
for number, line in enumerate(open(sys.argv[1], 'rb').read().split(b'\n')[:-1]):
    at += 1000
    fields = [(b'__REALTIME_TIMESTAMP', str(at).encode()), (b'__MONOTONIC_TIMESTAMP', str(number + 1000000).encode()),
              (b'_BOOT_ID', b'0123456789abcdef0123456789abcdef'), (b'_MACHINE_ID', b'0123456789abcdef0123456789abcdee'),
              (b'_HOSTNAME', b'kc-host-1'), (b'_TRANSPORT', b'stdout'), (b'SYSLOG_IDENTIFIER', b'kc.sh'), (b'_PID', b'812'), (b'_COMM', b'java')]
    out = b''.join(k + b'=' + v + b'\n' for k, v in fields)
    out += b'MESSAGE\n' + len(line).to_bytes(8, 'little') + line + b'\n\n'
    sys.stdout.buffer.write(out)
PY
}
for name in plain json; do
    export_stream "$here/$name.log" > "$work/$name.export"
    /lib/systemd/systemd-journal-remote --output="$work/$name.journal" "$work/$name.export" 2>/dev/null
    for mode in short short-precise short-iso short-iso-precise short-full short-unix short-monotonic json json-pretty json-sse json-seq export; do
        mkdir -p "$here/journald"
        journalctl --utc --all --quiet --no-pager --output="$mode" --file="$work/$name.journal" > "$here/journald/$name.$mode"
    done
done

# rsyslog: messages as Keycloak sends them, with octet counting over TCP, into the files of its three templates
mkdir -p "$here/rsyslog"
for name in plain json; do
    port=20514
    cat > "$work/rsyslog.conf" <<CONF
global(workDirectory="$work" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="$port")
action(type="omfile" file="$work/$name.traditional" template="RSYSLOG_TraditionalFileFormat")
action(type="omfile" file="$work/$name.iso" template="RSYSLOG_FileFormat")
action(type="omfile" file="$work/$name.protocol23" template="RSYSLOG_SyslogProtocol23Format")
CONF
    rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslogd.pid" &
    daemon=$!
    sleep 2
    python3 - "$here/$name.log" "$port" "$here/rsyslog/$name.octets" <<'PY'
import socket, sys
lines = open(sys.argv[1], 'rb').read().split(b'\n')[:-1]
records = []
for line in lines:
    if records and not (line[:1].isdigit() or line.startswith(b'{')):
        records[-1] += b'\n' + line
    else:
        records.append(line)
frames = b''
for record in records:
    message = b'<14>1 2026-11-23T15:08:43.457+00:00 keycloak-0 keycloak 1 org.keycloak.events - \xef\xbb\xbf' + record + b'\n'
    frames += str(len(message)).encode() + b' ' + message
open(sys.argv[3], 'wb').write(frames)
with socket.create_connection(('127.0.0.1', int(sys.argv[2]))) as wire:
    wire.sendall(frames)
PY
    sleep 2
    kill "$daemon"
    wait "$daemon" || true
    for form in traditional iso protocol23; do cp "$work/$name.$form" "$here/rsyslog/$name.$form"; done
done
