//! A request and its answer.
//!
//! Input: the head of an HTTP request. Output: the bytes of an answer. Must not know of sockets.

use std::sync::Arc;

use super::accept;
use super::board::Board;

/// Headers of a request; one with more is refused.
const HEADERS: usize = 64;

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: Arc<[u8]>,
}

/// Returns whether the head of a request is complete.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|w| w == b"\r\n\r\n") || bytes.windows(2).any(|w| w == b"\n\n")
}

/// Answers a request.
pub fn answer(head: &[u8], board: &Board) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return too_large(),
        _ => return plain("400 Bad Request", "this is no HTTP request\n", "", true),
    }
    let method = request.method.unwrap_or_default();
    let whole = method != "HEAD";
    if method != "GET" && whole {
        return plain("405 Method Not Allowed", "only GET and HEAD are answered\n", "Allow: GET, HEAD\r\n", true);
    }
    let header = |name: &str| {
        let values: Vec<&str> =
            request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name)).filter_map(|h| std::str::from_utf8(h.value).ok()).collect();
        values.join(",")
    };
    let path = request.path.unwrap_or_default();
    match path.split('?').next().unwrap_or_default() {
        "/metrics" => {
            let (form, packed) = (accept::form(&header("accept")), accept::gzip(&header("accept-encoding")));
            let Some(body) = board.page(form, packed) else { return plain("503 Service Unavailable", "the run has not begun yet\n", "", whole) };
            answered(
                "200 OK",
                form.media_type(),
                if packed { "Content-Encoding: gzip\r\nVary: Accept, Accept-Encoding\r\n" } else { "Vary: Accept, Accept-Encoding\r\n" },
                body,
                whole,
            )
        }
        "/healthz" => health(board.ill(), whole),
        "/readyz" => health(board.unready(), whole),
        "/" => plain("200 OK", "kctriage tail: /metrics, /healthz (the run moves), /readyz (it is up to date, and its state is saved)\n", "", whole),
        _ => plain("404 Not Found", "there are /metrics, /healthz and /readyz\n", "", whole),
    }
}

/// Answers a request whose head is too long.
pub fn too_large() -> Answer {
    plain("431 Request Header Fields Too Large", "the head of the request is too long\n", "", true)
}

fn health(wrong: Option<String>, whole: bool) -> Answer {
    match wrong {
        None => plain("200 OK", "ok\n", "", whole),
        Some(what) => plain("503 Service Unavailable", &format!("{what}\n"), "", whole),
    }
}

fn plain(status: &str, text: &str, more: &str, whole: bool) -> Answer {
    answered(status, "text/plain; charset=utf-8", more, text.as_bytes().into(), whole)
}

fn answered(status: &str, media_type: &str, more: &str, body: Arc<[u8]>, whole: bool) -> Answer {
    // names in a page are what strangers sent: no browser is to take it for anything but text
    let guard = "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'\r\nCache-Control: no-store\r\n";
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n{more}{guard}Connection: close\r\n\r\n", body.len());
    Answer { head, body: if whole { body } else { Arc::from([]) } }
}

#[cfg(test)]
mod tests;
