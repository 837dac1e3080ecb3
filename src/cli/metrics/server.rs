//! Serves pages to whoever asks, and is hurt by nobody.
//!
//! A connection has one request, a thread of its own, and little time: [`REQUEST`] for the head, [`ANSWER`] for the answer, however it trickles in. There are
//! at most [`MOST`] of them; where all are taken the oldest makes room for the next. So whoever holds connections open, sends byte by byte or reads
//! nothing costs some threads that sleep. What there is of HTTP servers as a library starts a thread or a task for everyone and knows no such limits.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::board::Board;
use super::request::{self, Answer};

/// Connections at a time.
const MOST: usize = 128;

/// The oldest connection makes room for another if nothing came of it for so long: scrapers that come all at once are served one after the other.
const OLD: Duration = Duration::from_secs(1);

/// A request must be complete after so long.
const REQUEST: Duration = Duration::from_secs(3);

/// What is sent after a request is looked at for so long: what is closed with unread bytes takes the answer with it.
const REST: Duration = Duration::from_millis(200);

/// Its answer must be read after so long.
const ANSWER: Duration = Duration::from_secs(10);

/// Bytes of a request's head. Browsers and scrapers send less than 1 KiB.
const HEAD_BYTES: usize = 8 << 10;

/// Bytes that are written before the time is looked at.
const PIECE_BYTES: usize = 64 << 10;

/// What a thread needs: packing takes the most.
const STACK_BYTES: usize = 512 << 10;

/// A pause where no connection can be taken, as when there are no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections that are open, since when, and those of them first that opened first or that asked first.
#[derive(Default)]
struct Open {
    streams: Mutex<Vec<(u64, Instant, TcpStream)>>,
    closed: Condvar,
}

/// Serves from now on, in threads of its own.
///
/// # Errors
/// When there can be no more threads.
pub fn serve(listener: TcpListener, board: Arc<Board>) -> io::Result<()> {
    let open = Arc::new(Open::default());
    let work = move || {
        for number in 0.. {
            match listener.accept().and_then(|(stream, _)| begin(number, stream, &open, &board)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => thread::sleep(PAUSE),
            }
        }
    };
    thread::Builder::new().name("metrics".to_owned()).stack_size(STACK_BYTES).spawn(work)?;
    Ok(())
}

fn begin(number: u64, stream: TcpStream, open: &Arc<Open>, board: &Arc<Board>) -> io::Result<()> {
    open.enter(number, stream.try_clone()?);
    let (mine, board) = (Arc::clone(open), Arc::clone(board));
    let work = move || {
        // whatever goes wrong with a connection is its client's concern
        let _ = talk(stream, &board, || mine.asked(number));
        mine.leave(number);
    };
    if let Err(error) = thread::Builder::new().name("metrics-client".to_owned()).stack_size(STACK_BYTES).spawn(work) {
        open.leave(number);
        return Err(error);
    }
    Ok(())
}

impl Open {
    fn streams(&self) -> MutexGuard<'_, Vec<(u64, Instant, TcpStream)>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room and takes it.
    fn enter(&self, number: u64, stream: TcpStream) {
        let mut streams = self.streams();
        while streams.len() >= MOST {
            if let Some((_, _, oldest)) = streams.iter().find(|(_, since, _)| since.elapsed() >= OLD) {
                // its thread wakes up and leaves
                let _ = oldest.shutdown(Shutdown::Both);
            }
            streams = self.closed.wait_timeout(streams, OLD / 20).unwrap_or_else(PoisonError::into_inner).0;
        }
        streams.push((number, Instant::now(), stream));
    }

    /// Notes that a connection's request is complete: it is as good as new.
    fn asked(&self, number: u64) {
        let mut streams = self.streams();
        if let Some(at) = streams.iter().position(|s| s.0 == number) {
            let (_, _, stream) = streams.remove(at);
            streams.push((number, Instant::now(), stream));
        }
    }

    fn leave(&self, number: u64) {
        self.streams().retain(|s| s.0 != number);
        self.closed.notify_one();
    }
}

/// Reads a request and answers it.
fn talk(mut stream: TcpStream, board: &Board, asked: impl FnOnce()) -> io::Result<()> {
    let head = read(&mut stream)?;
    asked();
    let answer = match head {
        Some(head) => request::answer(&head, board),
        None => request::too_large(),
    };
    write(&mut stream, &answer)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(REST))?;
    let _ = io::copy(&mut (&stream).take(HEAD_BYTES as u64), &mut io::sink());
    Ok(())
}

/// Reads the head of a request; `None` if it is too long.
fn read(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let end = Instant::now() + REQUEST;
    let (mut head, mut piece) = (Vec::new(), [0; 1 << 10]);
    while !request::is_whole(&head) {
        if head.len() >= HEAD_BYTES {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left(end)?))?;
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => head.extend_from_slice(&piece[..n]),
        }
    }
    Ok(Some(head))
}

fn write(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let end = Instant::now() + ANSWER;
    let mut bytes = Vec::with_capacity(answer.head.len() + answer.body.len());
    bytes.extend_from_slice(answer.head.as_bytes());
    bytes.extend_from_slice(&answer.body);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        stream.set_write_timeout(Some(left(end)?))?;
        match stream.write(&rest[..rest.len().min(PIECE_BYTES)])? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            n => rest = &rest[n..],
        }
    }
    Ok(())
}

/// Returns the time that is left; never zero, which would mean no limit.
fn left(end: Instant) -> io::Result<Duration> {
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

#[cfg(test)]
mod tests;
