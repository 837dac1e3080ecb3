use std::io::Read as _;

use flate2::read::GzDecoder;
use kctriage::report::prometheus::Reading;

use super::*;

fn board() -> Board {
    let board = Board::new(None);
    board.post(Reading::default());
    board.beat(None);
    board
}

fn ask(request: &str) -> (String, String) {
    let answer = answer(request.as_bytes(), &board());
    (answer.head, String::from_utf8_lossy(&answer.body).into_owned())
}

#[test]
fn requests_get_their_answers() {
    let headers = "x: y\r\n".repeat(100);
    let table = [
        ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "# HELP kctriage_token_failures_total "),
        ("GET /metrics?x=y HTTP/1.0\r\n\r\n", "200 OK", "# HELP kctriage_token_failures_total "),
        ("GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n", "200 OK", "# HELP kctriage_token_failures Token"),
        ("HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK", ""),
        ("GET /healthz HTTP/1.1\r\n\r\n", "200 OK", "ok\n"),
        ("GET /readyz HTTP/1.1\r\n\r\n", "200 OK", "ok\n"),
        ("GET / HTTP/1.1\n\n", "200 OK", "kctriage tail: /metrics"),
        ("GET /../../etc/passwd HTTP/1.1\r\n\r\n", "404 Not Found", "there are"),
        ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "only GET"),
        ("DELETE / HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "only GET"),
        ("\u{0}\u{1}\u{2}\r\n\r\n", "400 Bad Request", "this is no"),
        ("GET /metrics HTTP/9.9\r\n\r\n", "400 Bad Request", "this is no"),
        (&format!("GET / HTTP/1.1\r\n{headers}\r\n"), "431 Request Header", "the head"),
    ];
    for (request, status, body) in table {
        let (head, text) = ask(request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {head}");
        assert!(head.ends_with("\r\n\r\n") && text.starts_with(body), "{request}: {text}");
        let length = if request.starts_with("HEAD") { ask(&request.replace("HEAD", "GET")).1.len() } else { text.len() };
        assert!(head.contains(&format!("\r\nContent-Length: {length}\r\n")), "{request}: {head}");
    }
}

#[test]
fn a_packed_page_is_the_page() {
    let packed = answer(b"GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n", &board());
    assert!(packed.head.contains("\r\nContent-Encoding: gzip\r\n"), "{}", packed.head);
    let mut text = String::new();
    GzDecoder::new(&*packed.body).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, ask("GET /metrics HTTP/1.1\r\n\r\n").1);
}

#[test]
fn before_the_run_begins_it_is_alive_and_not_ready() {
    let board = Board::new(None);
    let status = |path: &str| answer(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes(), &board).head[9..12].to_owned();
    assert_eq!(["/healthz", "/readyz", "/metrics"].map(status), ["200", "503", "503"]);
    board.post(Reading::default());
    board.beat(Some("the state cannot be written"));
    assert_eq!(["/healthz", "/readyz", "/metrics"].map(status), ["200", "503", "200"]);
}
