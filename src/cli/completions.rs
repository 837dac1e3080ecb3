//! `completions` and `man`: what the command line knows of itself.

use std::io::{self, Write};

use clap::CommandFactory;

use super::{Error, Exit, Typed};

/// Prints a completion script.
pub fn completions(shell: clap_complete::Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Typed::command(), "kctriage", &mut script);
    print(&script)
}

/// Prints the manual page: that of the program, then those of its commands.
pub fn man() -> Result<Exit, Error> {
    let mut page = Vec::new();
    let mut command = Typed::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(Error::Output)?;
    for sub in command.get_subcommands() {
        let man = clap_mangen::Man::new(sub.clone().display_name(format!("kctriage-{}", sub.get_name())));
        man.render_synopsis_section(&mut page).and_then(|()| man.render_description_section(&mut page)).map_err(Error::Output)?;
        man.render_options_section(&mut page).map_err(Error::Output)?;
    }
    print(&page)
}

fn print(bytes: &[u8]) -> Result<Exit, Error> {
    io::stdout().lock().write_all(bytes).map_err(Error::Output)?;
    Ok(Exit::Done)
}
