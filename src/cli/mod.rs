//! The command line: what was typed to what is done.
//!
//! Input: arguments and the environment. Output: text on standard output, notes on standard error, an [`Exit`]. The structs here hold what was
//! typed; [`settings`] makes ready values of it, and nothing deeper sees clap. One file a command. Must not know how causes are found.

mod alert;
mod completions;
mod doctor;
mod duration;
mod error;
mod exit;
mod explain;
mod merge;
mod metrics;
mod moment;
mod notes;
mod progress;
mod prose;
mod report;
mod rules;
mod scan;
mod settings;
mod spelling;
mod tail;
mod target;
mod terminal;
mod view;
mod zone;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use error::Error;
pub use exit::Exit;
use terminal::Colour;

/// Examples and exit codes, below the list of commands.
const AFTER: &str = "\
Examples:
  kctriage scan /var/log/keycloak/              what failed, for whom, since when, what to do
  kubectl logs keycloak-0 | kctriage scan       the same from a pipe
  kctriage tail /var/log/keycloak/              the same as it happens
  kctriage explain code-reused                  one cause: how to prove it, how to end it
  grep 8f2c server.log | kctriage explain       how a few lines are read, question by question

Exit codes: 0 done, 1 findings as sure as --fail-on asks, 2 usage, 3 input damaged, unreadable or not understood, 4 state refused";

#[derive(Debug, Parser)]
#[command(name = "kctriage", version, max_term_width = 100, after_help = AFTER, arg_required_else_help = true)]
/// Reads Keycloak server logs and says why every failed token request failed, how sure that is, and what to do.
struct Typed {
    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, alias = "colour", hide_possible_values = true)]
    color: Colour,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Box<Scan>),
    Report(Box<Report>),
    Merge(Merge),
    Tail(Box<Tail>),
    Explain(Explain),
    Rules(Rules),
    Doctor(Box<Doctor>),
    Completions(Completions),
    Man(Man),
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A summary for people
    #[default]
    Text,
    /// The counts as one JSON object
    Json,
    /// One JSON object a finding
    Ndjson,
    /// One row a finding
    Csv,
    /// One event a finding, in the Elastic Common Schema
    Ecs,
    /// One event a finding, in the Open Cybersecurity Schema Framework
    Ocsf,
}

/// The least confidence that `--min-confidence` keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sure {
    /// The log excludes every other cause
    Certain,
    /// One cause fits best
    Likely,
    /// Everything
    Ambiguous,
}

/// Which findings make the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FailOn {
    /// Those that are certain
    Certain,
    /// Those that are at least likely
    Likely,
    /// Any
    Any,
    /// None
    #[default]
    Never,
}

/// What is read and how: the same for every command that reads logs.
#[derive(Debug, Args)]
struct Input {
    /// Logs, folders and archives of logs (gzip, zstd, xz, bzip2, lz4, zip, tar), or - for standard input (what is piped in is read without it)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Which files of folders and archives to read: '*.log*', 'kc-*/**' (may be repeated) [default: what is named like a log]
    #[arg(long, value_name = "PATTERN", help_heading = "Reading")]
    glob: Vec<String>,
    /// What of a path names its node: its first group, or all that matches; files of one node are one log
    #[arg(long, value_name = "REGEX", help_heading = "Reading")]
    node_from: Option<String>,
    /// Count content twice that is given twice, as server.log.1 and server.log.1.gz
    #[arg(long, help_heading = "Reading")]
    no_dedup: bool,
    /// Longest line that is kept whole; of longer ones the beginning is read [default: 4MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Reading")]
    max_line: Option<String>,
    /// Zone of times that name none, and of those printed: UTC, +02:00, Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true, help_heading = "Reading")]
    timezone: Option<String>,
    /// Day of the first line, where lines have a time but no date: 2026-11-23
    #[arg(long, value_name = "DAY", help_heading = "Reading")]
    date: Option<String>,
    /// What the lines are wrapped in, where it is not found out right: docker, cri, journald, … or bare
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    layout: Option<String>,
    /// The column or key of an export that holds Keycloak's line
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    field: Option<String>,
    /// How long the realm's codes live, if you know it: 60s
    #[arg(long, value_name = "DURATION", help_heading = "Reading")]
    code_lifespan: Option<String>,
    /// A realm export: what it says of lifespans and clients is used, its secrets are not (may be repeated)
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    realm_export: Vec<PathBuf>,
    /// Rules to try before the built-in ones (TOML; see kctriage rules)
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    rules: Vec<PathBuf>,
    /// Count so many clients apart, and the rest as "other" [default: 16384]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Reading")]
    max_keys: Option<u32>,
    /// Threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Reading")]
    threads: Option<u16>,
    /// Bytes that are read at a time
    #[arg(long, value_name = "BYTES", hide = true, value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    chunk_size: Option<u32>,
    /// No progress bar
    #[arg(long, help_heading = "Output", display_order = 100)]
    no_progress: bool,
    /// Say on standard error what each file was taken for
    #[arg(short, long, help_heading = "Output", display_order = 101)]
    verbose: bool,
}

/// What is made unrecognisable.
#[derive(Debug, Args)]
struct Redact {
    /// Print pseudonyms for users, sessions and addresses: the same for the same value, others in each run
    #[arg(long, help_heading = "Output")]
    redact: bool,
    /// A file with a secret of at least 16 bytes: with it, pseudonyms are the same in each run (implies --redact)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    redact_key: Option<PathBuf>,
}

/// Find the cause of every failed token request
///
/// Evidence is read from all of the input; --since, --client and the like choose what is printed and counted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage scan /var/log/keycloak/
  kctriage scan server.log server.log.1 --client web-portal --since '2026-11-23 14:00'
  kctriage scan --format ndjson kc-0.log kc-1.log | jq 'select(.confidence == \"certain\")'
  journalctl -u keycloak -o cat | kctriage scan --timezone Europe/Berlin --fail-on likely

Exit codes: 0 done, 1 findings as sure as --fail-on asks, 2 usage, 3 input damaged, unreadable or not understood")]
struct Scan {
    #[command(flatten)]
    input: Input,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output")]
    format: Format,
    /// Tell so many groups of failures in the summary [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    top: Option<u32>,
    /// Length of the windows that are counted in: 5m, 1h [default: 5m; for text what suits the size]
    #[arg(long, value_name = "DURATION", help_heading = "Output")]
    window: Option<String>,
    /// Exit with 1 if there are findings so sure
    #[arg(long, value_enum, value_name = "CONFIDENCE", default_value_t, help_heading = "Output")]
    fail_on: FailOn,
    #[command(flatten)]
    redact: Redact,
    #[command(flatten)]
    filters: Filters,
}

/// Which findings are printed and counted.
#[derive(Debug, Args)]
struct Filters {
    /// Not before this: 2026-11-23T14:00:00Z, '2026-11-23 14:00', 14:00 (of today, or of --date)
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    since: Option<String>,
    /// Before this
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    until: Option<String>,
    /// Only this realm (may be repeated)
    #[arg(long, value_name = "REALM", help_heading = "Filters")]
    realm: Vec<String>,
    /// Only this client (may be repeated)
    #[arg(long, value_name = "CLIENT", help_heading = "Filters")]
    client: Vec<String>,
    /// Only this cause, by name or number (may be repeated; kctriage explain lists them)
    #[arg(long, value_name = "CAUSE", help_heading = "Filters")]
    cause: Vec<String>,
    /// Only this session, or sessions whose id begins so (may be repeated)
    #[arg(long, value_name = "ID", help_heading = "Filters")]
    session: Vec<String>,
    /// Only what is at least so sure
    #[arg(long, value_enum, value_name = "CONFIDENCE", help_heading = "Filters")]
    min_confidence: Option<Sure>,
}

/// Explain what happened: one page for a ticket, a colleague, or the shelf
///
/// What failed, for whom, since when, why, how sure that is, what to do, and what the logs could not show: incidents with what set them off, a time line,
/// tables, and the flowchart as it was walked. The format is told by the name after -o.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage report /var/log/keycloak/ -o incident.html
  kctriage report /var/log/keycloak/ -o ticket.md --title 'Logins fail since 10:40'
  kctriage report server.log --format jira | xclip
  kctriage report server.log --since-restart -o after-upgrade.html
  kctriage report server.log --compare 09:00..10:00 10:00..11:00
  kctriage report --from tally.json -o week.html

Exit codes: 0 done, 2 usage, 3 input damaged, unreadable or not understood")]
struct Report {
    #[command(flatten)]
    input: Input,
    /// Write the page here, in one piece or not at all; - is standard output [default: standard output]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// How to write it [default: what the name after -o says, else text]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Option<Sheet>,
    /// What to call it
    #[arg(long, value_name = "TEXT", help_heading = "Output")]
    title: Option<String>,
    /// Leave users, addresses and sessions as they were logged; the page says so
    #[arg(long, conflicts_with_all = ["redact", "redact_key"], help_heading = "Output")]
    no_redact: bool,
    #[command(flatten)]
    redact: Redact,
    /// Length of the windows that are counted in: 10s, 5m [default: what suits the size]
    #[arg(long, value_name = "DURATION", help_heading = "Reading")]
    window: Option<String>,
    /// A tally that was saved, or a folder that holds one, beside or in place of logs (may be repeated)
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    from: Vec<PathBuf>,
    /// Hold one time against another: 09:00..10:00 10:00..11:00
    #[arg(long, value_names = ["BEFORE", "AFTER"], num_args = 2, conflicts_with = "since_restart", help_heading = "Before and after")]
    compare: Vec<String>,
    /// Hold the time since the last start of a server against the time before it
    #[arg(long, help_heading = "Before and after")]
    since_restart: bool,
    #[command(flatten)]
    filters: Filters,
}

/// Tell the cause of every failed token request as it happens
///
/// Follows files through their rotation, standard input or the output of a command. A finding is told within a quarter of a second of its line; one that
/// may rest on lines still to come is held for two seconds at most. If later lines change what was told it is told again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage tail '/var/log/keycloak/*.log'         quoted: files that come later are followed, too
  kctriage tail --state /var/lib/kctriage /var/log/keycloak/
  kctriage tail --start beginning --format ndjson server.log | jq .cause
  kubectl logs -f keycloak-0 | kctriage tail -
  kctriage tail -- kubectl logs -f deploy/keycloak --since 10m
  kctriage tail --state /var/lib/kctriage --metrics 127.0.0.1:9464 /var/log/keycloak/
  kctriage tail -- journalctl -fu keycloak -o json
  kctriage tail --alert 'cause=code-reused rate>20/5m by client' --alert-file alerts.ndjson /var/log/keycloak/
  kctriage tail --alert-webhook http://localhost:9093 --alert-webhook-format alertmanager /var/log/keycloak/

SIGINT and SIGTERM write the state, print the summary and end; a second one ends at once. SIGHUP opens the files anew and reads the rules again.
docs/tail.md says what is promised, and how to run it beside a server for months.

Exit codes: 0 done, 2 usage, 3 input lost, unreadable or not understood, 4 state refused")]
struct Tail {
    #[command(flatten)]
    input: Input,
    /// A command whose output is followed; it is started again when it ends
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "paths")]
    command: Vec<OsString>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Output")]
    format: TailFormat,
    /// Lines, also where a live view could be shown
    #[arg(long, help_heading = "Output")]
    plain: bool,
    #[command(flatten)]
    redact: Redact,
    /// Length of the windows that are counted in: 5m, 1h [default: 5m]
    #[arg(long, value_name = "DURATION", help_heading = "Output")]
    window: Option<String>,
    /// Keep here how far everything was read and what was found, so that a later run goes on there
    #[arg(long, value_name = "DIR", help_heading = "Following")]
    state: Option<PathBuf>,
    /// Where to begin [default: where the state says, else the end]
    #[arg(long, value_enum, value_name = "PLACE", help_heading = "Following")]
    start: Option<Start>,
    /// Begin so many lines before the end
    #[arg(short = 'n', long, value_name = "LINES", conflicts_with = "start", help_heading = "Following")]
    lines: Option<u64>,
    /// How long a file that was rotated away is read on after its last line [default: 2s]
    #[arg(long, value_name = "DURATION", help_heading = "Following")]
    rotate_wait: Option<String>,
    #[command(flatten)]
    alerts: alert::Flags,
    /// What to do where the state is damaged: begin at the beginning, at the end, or fail
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, help_heading = "Following")]
    on_bad_state: OnBadState,
    #[command(flatten)]
    metrics: metrics::Flags,
    #[command(flatten)]
    filters: Filters,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sheet {
    /// One self-contained page for a browser
    Html,
    /// Markdown for GitHub and its like
    Markdown,
    /// Wiki markup for Jira
    Jira,
    /// JSON (docs/schema/report.schema.json)
    Json,
    /// Text for a terminal
    Text,
    /// One event a finding in the Elastic Common Schema, as scan writes them
    Ecs,
    /// One event a finding in OCSF (Authentication), as scan writes them
    Ocsf,
}

/// How a live run prints its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TailFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a finding; a correction has the id of what it corrects and "supersedes": true; alerts that were asked for stand under the key "alert"
    Ndjson,
}

/// Where a live run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Start {
    /// What is written from now on
    End,
    /// Everything
    Beginning,
    /// Where the state says
    Checkpoint,
}

/// What is done where a state is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OnBadState {
    /// Count everything anew
    #[default]
    Restart,
    /// Go on with what is written from now on
    End,
    /// Refuse
    Fail,
}

/// Explain a cause, an error message, or how log lines are read
///
/// A cause is named by its slug, its number or its title; a message is one that clients see, as "Code not valid". Log lines are walked through the
/// diagnostic flowchart: which question, which answer, from which evidence. Without an argument, and with nothing piped in, all causes are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage explain                              all causes
  kctriage explain pkce-mismatch                one of them, also by its number: kctriage explain 6
  kctriage explain 'Code not valid'             what an answer of the token endpoint can mean
  grep 8f2c server.log | kctriage explain       how these lines are read")]
struct Explain {
    /// A cause, a message, or a log line; - reads lines from standard input
    #[arg(value_name = "CAUSE|LINE")]
    what: Vec<String>,
    /// Rules to try before the built-in ones
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// How long the realm's codes live, if you know it: 60s
    #[arg(long, value_name = "DURATION")]
    code_lifespan: Option<String>,
}

/// List or check the rules that say what an event means
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  kctriage rules list
  kctriage rules list --rules mine.toml
  kctriage rules check mine.toml"
)]
struct Rules {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// List the rules in the order in which they are tried
    #[command(after_help = "Examples:\n  kctriage rules list\n  kctriage rules list --rules mine.toml --format json")]
    List {
        /// Rules to try before the built-in ones
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
        /// How to print them
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
        format: ListFormat,
    },
    /// Check that rules are well formed and decide their own examples, not their counter-examples
    ///
    /// Exits with 1 if one does not.
    #[command(
        after_help = "Examples:\n  kctriage rules check                the built-in rules\n  kctriage rules check mine.toml      your own, as they would be tried: before the built-in ones"
    )]
    Check {
        /// Rule files; the built-in rules if there is none
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ListFormat {
    /// A table for people
    #[default]
    Text,
    /// JSON for programs
    Json,
}

/// Say what logs can and cannot show, and which Keycloak option would show it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage doctor /var/log/keycloak/
  kubectl logs keycloak-0 | kctriage doctor")]
struct Doctor {
    #[command(flatten)]
    input: Input,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage completions bash > ~/.local/share/bash-completion/completions/kctriage
  kctriage completions zsh > ~/.zfunc/_kctriage")]
struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Join saved tallies into one
///
/// The result is the tally of all their logs together, as far as no session is in two of them: what one node says of another's session is not known.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kctriage merge kc-0.json kc-1.json > all.json
  kctriage merge monday.json tuesday.json > week.json    (all with the same --window)
  kctriage merge --format text kc-0.json kc-1.json")]
struct Merge {
    /// What kctriage scan --format json or kctriage merge wrote, or the folder of kctriage tail --state
    #[arg(value_name = "TALLY", required = true)]
    tallies: Vec<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "json")]
    format: ListFormat,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kctriage man | man -l -\n  kctriage man > /usr/local/share/man/man1/kctriage.1")]
struct Man {}

/// Parses the arguments and runs the command.
pub fn run() -> Result<Exit, Error> {
    let typed = parse(std::env::args_os())?;
    match typed.command {
        Command::Scan(scan) => scan::run(&settings::Scan::of(*scan, typed.color)?),
        Command::Report(report) => report::run(&settings::Report::of(*report, typed.color)?),
        Command::Merge(typed) => merge::run(&typed.tallies, typed.format),
        Command::Tail(tail) => tail::run(settings::Tail::of(*tail, typed.color)?),
        Command::Explain(explain) => explain::run(&settings::Explain::of(explain, typed.color)?),
        Command::Rules(rules) => match rules.command {
            RulesCommand::List { rules, format } => rules::list(&settings::rules(&rules)?, format, typed.color),
            RulesCommand::Check { files } => rules::check(&files),
        },
        Command::Doctor(doctor) => doctor::run(&settings::Input::of(doctor.input, "doctor", typed.color)?),
        Command::Completions(typed) => completions::completions(typed.shell),
        Command::Man(_) => completions::man(),
    }
}

/// Parses arguments; adds advice where a log was named without a command.
fn parse(args: impl Iterator<Item = OsString>) -> Result<Typed, Error> {
    let error = match Typed::try_parse_from(args) {
        Ok(typed) => return Ok(typed),
        Err(error) => error,
    };
    if let (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) = (error.kind(), error.get(ContextKind::InvalidSubcommand))
        && (word == "-" || Path::new(word).exists())
    {
        return Err(Error::Usage { what: format!("{word:?} is no command"), advice: format!("kctriage scan {}", settings::quoted(&[word.into()])) });
    }
    Err(error.into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Typed::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples_that_parse() {
        fn walk(command: &clap::Command, path: &str, seen: &mut usize) {
            for sub in command.get_subcommands() {
                let path = format!("{path} {}", sub.get_name());
                let help = sub.get_after_help().unwrap_or_else(|| panic!("{path} has no examples")).to_string();
                let mut own = 0;
                for line in help.lines().filter(|l| l.starts_with("  ")) {
                    let Some(at) = line.find("kctriage") else { continue };
                    let words = words(&line[at..]);
                    assert!(parse(words.iter().map(OsString::from)).is_ok(), "{line}: {words:?}");
                    own += usize::from(words.join(" ").starts_with(&path));
                }
                assert!(own > 0, "no example of {path} shows it: {help}");
                *seen += own;
                walk(sub, &path, seen);
            }
        }
        let mut seen = 0;
        walk(&Typed::command(), "kctriage", &mut seen);
        assert!(seen > 15, "{seen}");
    }

    /// Splits an example as a shell would, up to a redirection or the remark behind it.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" | ").next().and_then(|l| l.split(" > ").next()).unwrap_or(line);
        let line = line.split("  ").next().unwrap_or(line);
        let mut words = Vec::new();
        for (i, part) in line.split('\'').enumerate() {
            if i % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(String::from));
            }
        }
        words
    }
}
