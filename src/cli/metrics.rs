//! What a live run shows to monitoring systems: over HTTP, and in a file.
//!
//! Input: readings, a few times a second, from the thread of the run, which never waits for anyone who asks. Output: pages and files, made by threads of their
//! own. Must not know what is counted.

mod accept;
mod address;
mod board;
mod file;
mod request;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use kctriage::report::prometheus::Reading;
use kctriage::report::redact::Redactor;

use super::error::Error;
use super::tail::say;
use super::target;
use board::Board;
use file::Writer;

/// Readings are shown so often at most.
const PAUSE: Duration = Duration::from_millis(500);

/// Pairs of a realm and a client that are counted apart, unless it is said how many.
const MOST_CLIENTS: u32 = 1000;

/// What was typed.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Flags {
    /// Serve metrics for Prometheus here, and /healthz and /readyz: 9464 or :9464 for this machine only, 0.0.0.0:9464 for everybody
    #[arg(long, value_name = "ADDRESS", help_heading = "Metrics")]
    metrics: Option<String>,
    /// Write metrics to this file every 15 s, for the textfile collector of Prometheus' node exporter: its name ends in .prom
    #[arg(long, value_name = "FILE", help_heading = "Metrics")]
    metrics_file: Option<PathBuf>,
    /// Count so many clients apart, the rest of each realm as "other" [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Metrics")]
    metrics_clients: Option<u32>,
}

/// What is to be shown, and where.
#[derive(Debug)]
pub struct Settings {
    /// Where it is served, as it was typed and what that means.
    address: Option<(String, Vec<SocketAddr>)>,
    /// The file that is written.
    file: Option<PathBuf>,
    /// Pairs of a realm and a client that are counted apart.
    pub most_clients: usize,
}

impl Settings {
    /// Checks what was typed.
    pub fn of(typed: Flags) -> Result<Self, Error> {
        let parse = |text: String| match address::parse(&text) {
            Ok(addresses) => Ok((text, addresses)),
            Err(what) => Err(Error::value("--metrics", &text, what, "write a port, or an address with a port: 9464, 127.0.0.1:9464, [::1]:9464")),
        };
        let most_clients = typed.metrics_clients.unwrap_or(MOST_CLIENTS);
        Ok(Settings {
            address: typed.metrics.map(parse).transpose()?,
            file: typed.metrics_file,
            most_clients: usize::try_from(most_clients).unwrap_or(usize::MAX),
        })
    }
}

/// Those who show.
pub struct Metrics {
    board: Arc<Board>,
    writer: Option<Writer>,
    /// Somebody looks.
    wanted: bool,
    next: Instant,
}

impl Metrics {
    /// Begins: what cannot be served or written is said before anything is read.
    pub fn start(settings: &Settings, redactor: Option<Redactor>) -> Result<Self, Error> {
        let board = Arc::new(Board::new(redactor));
        if let Some((typed, addresses)) = &settings.address {
            let refused = |error: std::io::Error| {
                let advice = "another program may listen there: choose another port, or end it";
                Error::value("--metrics", typed, format!("cannot be listened to: {error}"), advice)
            };
            let listener = TcpListener::bind(addresses.as_slice()).map_err(refused)?;
            let at = listener.local_addr().map_err(refused)?;
            server::serve(listener, Arc::clone(&board)).map_err(refused)?;
            say(&format!("note: metrics are at http://{at}/metrics"));
            if !at.ip().is_loopback() {
                say("note: whoever reaches that address can read them; they name realms and clients");
            }
        }
        let mut writer = None;
        if let Some(path) = &settings.file {
            let refused = |error| Error::Target { path: path.clone(), error };
            target::check(path).map_err(refused)?;
            if path.extension().is_none_or(|x| x != "prom") {
                say("note: node_exporter reads only files whose names end in .prom");
            }
            writer = Some(Writer::start(path.clone(), Arc::clone(&board)).map_err(|error| refused(error.into()))?);
        }
        let wanted = settings.address.is_some() || settings.file.is_some();
        Ok(Metrics { board, writer, wanted, next: Instant::now() })
    }

    /// Shows how the run fares, if it is time to. `unready` is why nobody should rely on it yet.
    pub fn show(&mut self, unready: Option<&'static str>, reading: impl FnOnce() -> Reading) {
        let now = Instant::now();
        if !self.wanted {
            return;
        }
        if now >= self.next {
            self.next = now + PAUSE;
            self.board.post(reading());
        }
        self.board.beat(unready);
    }

    /// Returns what a person should know.
    pub fn notes(&self) -> Vec<String> {
        self.writer.as_ref().map(Writer::notes).unwrap_or_default()
    }

    /// Shows it for the last time.
    pub fn finish(self, reading: Reading) {
        self.board.post(reading);
        if let Some(writer) = self.writer {
            writer.finish();
        }
    }
}
