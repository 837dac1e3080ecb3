//! What standard output is: how wide, and whether it takes colour.

use std::io::{self, IsTerminal};

/// Columns where there is no terminal, or it does not say.
const WIDTH: usize = 100;

/// The narrowest and the widest that text is set.
const NARROWEST: usize = 40;
const WIDEST: usize = 160;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` or TERM=dumb says otherwise; `CLICOLOR_FORCE` colours pipes, too
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where text goes.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Columns.
    pub width: usize,
    /// Whether colours are used.
    pub colour: bool,
    /// A person looks at it: it is a terminal, not a pipe or a file.
    pub interactive: bool,
}

impl Terminal {
    /// Looks at standard output and the environment.
    #[must_use]
    pub fn of_stdout(choice: Colour) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let env = |name: &str| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
        let size = is_terminal.then(|| terminal_size::terminal_size_of(io::stdout())).flatten();
        let width = size.map_or(WIDTH, |(w, _)| usize::from(w.0).clamp(NARROWEST, WIDEST));
        Terminal { width, colour: decide(choice, is_terminal, env), interactive: is_terminal }
    }
}

/// Whether the terminal that standard output is has gone, as when a connection breaks.
#[cfg(unix)]
pub fn is_hung_up() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = io::stdout();
    // what hung up is told whatever is asked for
    let mut asked = [PollFd::new(&out, PollFlags::empty())];
    poll(&mut asked, Some(&Timespec::default())).is_ok() && asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// Other systems end the program then.
#[cfg(not(unix))]
pub fn is_hung_up() -> bool {
    false
}

fn decide(choice: Colour, is_terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| env(name).is_some_and(|v| !v.is_empty());
    match choice {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if set("NO_COLOR") => false,
        Colour::Auto if env("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => true,
        Colour::Auto => is_terminal && env("TERM").is_none_or(|t| t != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_option_then_the_environment_then_the_terminal() {
        type Environment<'a> = &'a [(&'a str, &'a str)];
        let table: &[(Colour, bool, Environment<'_>, bool)] = &[
            (Colour::Auto, true, &[], true),
            (Colour::Auto, false, &[], false),
            (Colour::Auto, true, &[("TERM", "dumb")], false),
            (Colour::Auto, true, &[("NO_COLOR", "1")], false),
            (Colour::Auto, true, &[("NO_COLOR", "")], true),
            (Colour::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Colour::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Colour::Auto, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (Colour::Always, false, &[("NO_COLOR", "1")], true),
            (Colour::Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (choice, is_terminal, env, want) in table {
            let get = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            assert_eq!(decide(*choice, *is_terminal, get), *want, "{choice:?} {is_terminal} {env:?}");
        }
    }
}
