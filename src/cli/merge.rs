//! `merge`: saved tallies to one.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use kctriage::cause::Cause;
use kctriage::report::escape::Untrusted;
use kctriage::report::json;
use kctriage::tally::Account;

use super::report::{Counted, open};
use super::settings::quoted;
use super::{Error, Exit, ListFormat};

/// Widest name of a client in the list, in columns.
const COLUMNS: usize = 40;

/// Runs the command.
pub fn run(paths: &[PathBuf], format: ListFormat) -> Result<Exit, Error> {
    let mut all: Option<Account> = None;
    let mut counted = Counted::default();
    for path in paths {
        let saved = open(path)?;
        counted.add(&saved.account, Some(path));
        if !saved.lacking.is_empty() {
            let name = Untrusted::new(&path.to_string_lossy()).terminal(usize::MAX);
            let _ = writeln!(io::stderr().lock(), "note: {name} does not hold {}", saved.lacking.join(", "));
        }
        match &mut all {
            None => all = Some(saved.account),
            Some(all) => all.merge(&saved.account).map_err(|error| Error::Usage {
                what: format!("{}: {error}", path.display()),
                advice: "join tallies whose windows have one length: kctriage scan --format json --window 5m".into(),
            })?,
        }
    }
    let Some(account) = all else { return Ok(Exit::Done) };
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        ListFormat::Json => json::write(&account, &mut out),
        ListFormat::Text => list(&account, paths, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(Error::Output)?;
    Ok(Exit::Done)
}

/// Writes the failures by cause and client, most first, and what tells more.
fn list(account: &Account, paths: &[PathBuf], out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(Cause, Option<&str>), u64> = BTreeMap::new();
    for (key, cell) in &account.tally.cells {
        *counts.entry((key.cause, key.client.as_deref())).or_default() += cell.count;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let time = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).map(|t| t.format("%F %T UTC").to_string()).unwrap_or_default();
    let span = account.span.map(|(first, last)| format!(", {} to {}", time(first), time(last))).unwrap_or_default();
    let figure = super::prose::count;
    let (failures, records) = (account.tally.findings(), account.books.records);
    writeln!(
        out,
        "{} in {} of {}{span}",
        figure(failures, "failed token request"),
        figure(records, "record"),
        if paths.len() == 1 { "1 tally".to_owned() } else { format!("{} tallies", paths.len()) }
    )?;
    for ((cause, client), count) in counts {
        let client = client.map_or_else(|| "no client named".to_owned(), |c| Untrusted::new(c).terminal(COLUMNS));
        writeln!(out, "{count:>9}  {:<28}  {client}", cause.title())?;
    }
    let from: Vec<String> = paths.iter().map(|path| format!(" --from {}", quoted(std::slice::from_ref(path)))).collect();
    writeln!(out, "\nmore: kctriage report{}", from.concat())
}
