//! The binary: parses the command line, runs the command, exits with its code.

mod cli;

fn main() -> std::process::ExitCode {
    match cli::run() {
        Ok(exit) => exit.into(),
        Err(error) => error.say().into(),
    }
}
