//! Events out of Keycloak's store: JSON of the admin API, or tables as CSV; each becomes one object a line.

use std::io::{self, BufRead};

use super::{document, table};
use crate::source::unwrap::Sink;

/// Reads them in whichever form they are.
pub(super) fn read(input: &mut dyn BufRead, field: Option<&str>, out: Sink<'_>) -> io::Result<()> {
    let begin = input.fill_buf()?;
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).trim_ascii_start();
    if matches!(begin.first(), Some(b'{' | b'[')) { document::read(input, field, out) } else { table::read(input, field, out) }
}
