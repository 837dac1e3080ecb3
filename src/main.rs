//! The binary: parses the command line, runs the command, exits with its code.

mod cli;

/// Findings are small texts by the million, made on one thread and dropped on another: with the system's allocator half of the time of a dense log
/// went into it (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    match cli::run() {
        Ok(exit) => exit.into(),
        Err(error) => error.say().into(),
    }
}
