use std::net::SocketAddr;

use kctriage::report::prometheus::Reading;

use super::*;

/// Long enough for a slow machine; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_secs(30);

fn served() -> SocketAddr {
    let board = Arc::new(Board::new(None));
    board.post(Reading::default());
    board.beat(None);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    serve(listener, board).expect("a thread");
    at
}

fn connect(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream
}

fn all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = connect(at);
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    all(stream)
}

#[test]
fn whoever_holds_connections_open_keeps_nobody_out() {
    let at = served();
    // they send one byte and no more, twice as many as there is room for
    let silent: Vec<TcpStream> = (0..2 * MOST)
        .map(|_| {
            let mut stream = connect(at);
            let _ = stream.write_all(b"G");
            stream
        })
        .collect();
    assert!(get(at, "/metrics").contains("kctriage_build_info"), "someone who asks properly is answered while they hang on");
    // and in the end all of them are let go
    for stream in silent {
        assert_eq!(all(stream), "");
    }
}

#[test]
fn a_request_that_trickles_in_is_let_go() {
    let at = served();
    let mut stream = connect(at);
    let end = Instant::now() + PATIENCE;
    while stream.write_all(b"x").is_ok() {
        assert!(Instant::now() < end, "it goes on for good");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn two_hundred_who_ask_at_once_are_all_answered() {
    let at = served();
    // on a machine that is busy one may be let go before it came to ask; a scraper asks again, too
    let ask = move || {
        let end = Instant::now() + PATIENCE;
        std::iter::repeat_with(|| get(at, "/metrics")).find(|page| page.ends_with("} 1\n") || Instant::now() > end)
    };
    let asking: Vec<_> = (0..200).map(|_| thread::spawn(ask)).collect();
    for one in asking {
        assert!(one.join().expect("a thread").is_some_and(|page| page.ends_with("} 1\n")));
    }
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let at = served();
    let mut stream = connect(at);
    let _ = stream.write_all(&[b'a'; HEAD_BYTES + 1]);
    assert!(all(stream).starts_with("HTTP/1.1 431 "));
    let mut endless = connect(at);
    let mut sent = 0;
    while endless.write_all(&[b'a'; 1 << 12]).is_ok() {
        sent += 1 << 12;
        assert!(sent < 256 << 20, "it takes whatever comes");
    }
    assert!(get(at, "/healthz").ends_with("ok\n"));
}
