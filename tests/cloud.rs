//! What lies in a store is read like a file: against a real S3 server, moto, that runs here; pip installs it where it is missing.
#![cfg(feature = "cloud")]

#[allow(dead_code, reason = "the tests of archives use the rest")]
mod packed;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use packed::{LOG, gzip, put};
use tempfile::TempDir;

/// A recording that is longer than the first piece.
const LONG: &str = "tests/recordings/2673-outage/server.log";

/// Serves, and puts what it is told line by line; ends with its input.
const SERVER: &str = r#"
import logging, sys
logging.getLogger("werkzeug").setLevel(logging.ERROR)
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="me", aws_secret_access_key="word")
s3.create_bucket(Bucket="logs")
print(port, flush=True)
for line in sys.stdin:
    key, path = line.rstrip("\n").split("\t")
    s3.upload_file(path, "logs", key, ExtraArgs={"ACL": "public-read"})
    print("put", flush=True)
"#;

struct Server {
    child: Child,
    told: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
    port: u16,
    dir: TempDir,
}

impl Server {
    fn start() -> Self {
        let python = || {
            let mut python = Command::new("python3");
            python.env("PYTHONPATH", modules());
            python
        };
        let mut child = python().args(["-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
        let told = child.stdin.take();
        let mut says = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut port = String::new();
        says.read_line(&mut port).expect("a port");
        let port = port.trim().parse().expect("a port");
        Server { child, told, says, port, dir: TempDir::new().expect("a folder") }
    }

    /// Puts an object.
    fn put(&mut self, key: &str, bytes: &[u8]) {
        let path = put(self.dir.path(), "object", bytes);
        writeln!(self.told.as_mut().expect("open"), "{key}\t{}", path.display()).expect("told");
        let mut said = String::new();
        self.says.read_line(&mut said).expect("said");
        assert_eq!(said, "put\n", "{key}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.told = None;
        let _ = self.child.wait();
    }
}

/// Returns where the server's modules are, installed if need be.
fn modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
        let is_there = Command::new("python3").env("PYTHONPATH", &at).args(["-c", "import boto3, moto.server, flask"]).stderr(Stdio::null()).status();
        if !is_there.expect("python3").success() {
            let pip = Command::new("python3").args(["-m", "pip", "install", "--quiet", "--target"]).arg(&at).arg("moto[server]>=5,<6").status();
            assert!(pip.expect("pip").success(), "pip install 'moto[server]' failed");
        }
        at
    })
}

struct Said {
    findings: String,
    stderr: String,
    code: Option<i32>,
}

/// Scans with the environment that finds the server at that port.
fn scan(port: u16, paths: &[&str]) -> Said {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("kctriage"));
    command.args(["scan", "--format", "ndjson"]).args(paths).env("AWS_ENDPOINT", format!("http://127.0.0.1:{port}"));
    command.envs([("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "me"), ("AWS_SECRET_ACCESS_KEY", "word")]);
    let out = command.stdin(Stdio::null()).output().expect("run");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Said { findings: text(out.stdout), stderr: text(out.stderr), code: out.status.code() }
}

/// Scans what needs no server.
fn local(path: &Path) -> String {
    let said = scan(1, &[path.to_str().expect("a path")]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.findings.lines().count() > 20);
    said.findings
}

fn assert_same(said: &Said, want: &str, what: &str) {
    assert_eq!(said.code, Some(0), "{what}: {}", said.stderr);
    assert!(said.findings == want, "{what}: {} findings of {}: {}", said.findings.lines().count(), want.lines().count(), said.stderr);
}

#[test]
fn objects_are_read_like_files() {
    let mut server = Server::start();
    let log = fs::read(LOG).expect("a recording");
    let third = log.len() / 3;
    let pieces: [(&str, Vec<u8>); 4] = [
        ("server.log", log[2 * third..].to_vec()),
        ("server.log.1", log[third..2 * third].to_vec()),
        ("server.log.2.gz", gzip(&log[..third])),
        ("readme.md", b"nothing".to_vec()),
    ];
    let dir = TempDir::new().expect("a folder");
    for (name, bytes) in &pieces {
        server.put(&format!("set/kc-0/{name}"), bytes);
        put(dir.path(), name, bytes);
    }
    server.put("one/server.log", &log);
    server.put("packed/server.log.gz", &gzip(&log));
    server.put("name with blanks/server.log", &log);
    server.put("empty/server.log", b"");
    let set = local(dir.path());
    for url in ["s3://logs/set/", "s3://logs/set", "s3://logs/set/kc-0/", "s3://logs/set/kc-*/server.log*"] {
        assert_same(&scan(server.port, &[url]), &set, url);
    }
    let whole = local(Path::new(LOG));
    assert_same(&scan(server.port, &["s3://logs/one/server.log"]), &whole, "plain");
    assert_same(&scan(server.port, &["s3://logs/name with blanks/server.log"]), &whole, "blanks");
    assert_same(&scan(server.port, &[&format!("http://127.0.0.1:{}/logs/one/server.log?a=b", server.port)]), &whole, "http");
    assert_same(&scan(server.port, &[&format!("http://127.0.0.1:{}/logs/name%20with%20blanks/server.log", server.port)]), &whole, "http, blanks");
    let packed = scan(server.port, &["s3://logs/packed/server.log.gz"]);
    assert_eq!(packed.findings.replace("server.log.gz", "server.log"), whole);
    let twice = scan(server.port, &["s3://logs/one/server.log", "s3://logs/packed/server.log.gz", LOG]);
    assert_eq!(twice.findings.lines().count(), whole.lines().count(), "{}", twice.stderr);
    let empty = scan(server.port, &["s3://logs/empty/server.log", LOG]);
    assert_eq!(empty.findings.lines().count(), whole.lines().count(), "{}", empty.stderr);
}

#[test]
fn objects_of_many_pieces_come_whole() {
    let mut server = Server::start();
    let long = fs::read(LONG).expect("a recording").repeat(12);
    assert!(long.len() > 2 * 8 * 1024 * 1024);
    let dir = TempDir::new().expect("a folder");
    let path = put(dir.path(), "server.log", &long);
    server.put("server.log", &long);
    assert_same(&scan(server.port, &["s3://logs/server.log"]), &local(&path), "long");
}

#[test]
fn what_is_missing_is_named_and_the_rest_is_read() {
    let server = Server::start();
    let whole = local(Path::new(LOG));
    let table = [
        ("s3://logs/no/server.log", "s3://logs/no/server.log: cannot be read: the store has no such object"),
        ("s3://logs/no/", "s3://logs/no/: holds no file that is named like a log"),
        ("s3://logs/no/*.log", "s3://logs/no/*.log: matches no file"),
        ("s3://nowhere/server.log", "s3://nowhere/server.log: cannot be read: the store has no such bucket"),
        ("s3://nowhere/", "s3://nowhere/: cannot be read: the store has no such bucket"),
        (&format!("http://127.0.0.1:{}/logs/no.log?secret", server.port), "/logs/no.log: cannot be read: the store has no such object"),
    ];
    for (url, want) in table {
        let said = scan(server.port, &[url, LOG]);
        assert_eq!(said.code, Some(3), "{url}: {}", said.stderr);
        assert!(said.stderr.contains(want), "{url}: {}", said.stderr);
        assert!(!said.stderr.contains("secret"), "{url}: {}", said.stderr);
        assert_eq!(said.findings.lines().count(), whole.lines().count(), "{url}");
    }
}

/// Lets connections through to a port; the one that brings the answers' bytes above `limit` is cut there. Returns its port and the count.
fn cutting_proxy(port: u16, limit: u64) -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let own = listener.local_addr().expect("a port").port();
    let passed = Arc::new(AtomicU64::new(0));
    let count = passed.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the server");
            let (mut from, mut to) = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let count = count.clone();
            thread::spawn(move || {
                let (mut client, mut server) = (client, server);
                let mut buffer = [0; 4096];
                while let Ok(n) = server.read(&mut buffer)
                    && n > 0
                {
                    let before = count.fetch_add(n as u64, Ordering::SeqCst);
                    let cut = before < limit && before + n as u64 >= limit;
                    if cut || client.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
                let _ = client.shutdown(Shutdown::Both);
            });
        }
    });
    (own, passed)
}

#[test]
fn a_connection_that_is_cut_is_made_anew() {
    let mut server = Server::start();
    let long = fs::read(LONG).expect("a recording");
    server.put("server.log", &long);
    let want = local(Path::new(LONG));
    for web in [false, true] {
        let limit = long.len() as u64 * 2 / 3;
        let (port, passed) = cutting_proxy(server.port, limit);
        let url = if web { format!("http://127.0.0.1:{port}/logs/server.log") } else { "s3://logs/server.log".to_owned() };
        assert_same(&scan(port, &[&url]), &want, &url);
        assert!(passed.load(Ordering::SeqCst) > limit, "it was cut");
    }
}

#[test]
fn a_server_without_ranges_is_read_in_one_go() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    thread::spawn(move || {
        let log = fs::read(LONG).expect("a recording");
        for mut client in listener.incoming().flatten() {
            let mut asked = BufReader::new(client.try_clone().expect("a socket")).lines().map_while(Result::ok);
            while asked.next().is_some_and(|line| !line.is_empty()) {}
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", log.len());
            let _ = client.write_all(head.as_bytes()).and_then(|()| client.write_all(&log));
        }
    });
    assert_same(&scan(port, &[&format!("http://127.0.0.1:{port}/server.log")]), &local(Path::new(LONG)), "whole");
}
