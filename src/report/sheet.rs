//! The page as JSON: the report as it is, by the schema in `docs/schema/`.

use std::io;

use super::model::Report;
use super::{Paper, escape};

/// Writes the page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sheet;

impl Paper for Sheet {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        escape::json::write(report, 3, out)?;
        out.write_all(b"\n")
    }
}
