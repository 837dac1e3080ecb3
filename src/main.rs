//! The binary: parses the command line, runs the command, exits with its code.

mod cli;

/// Findings are small texts by the million, made on one thread and dropped on another: with the system's allocator half of the time of a dense log
/// went into it (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // every node's log is open at once, and many systems begin with 1024; where more is not allowed, those that cannot be opened are named
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    match cli::run() {
        Ok(exit) => exit.into(),
        Err(error) => error.say().into(),
    }
}
