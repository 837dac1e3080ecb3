//! Exit codes: the contract with scripts.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: there are findings as sure as `--fail-on` asks, or a rule does not hold what its examples promise.
    Found,
    /// 2: the command line cannot be followed, or the output cannot be written.
    Usage,
    /// 3: some input is damaged, unreadable or not understood; the results of the rest were printed.
    Input,
    /// 4: saved state was refused.
    State,
}

impl Exit {
    /// Returns the number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Input => 3,
            Exit::State => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_contract() {
        let all = [Exit::Done, Exit::Found, Exit::Usage, Exit::Input, Exit::State];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn damaged_input_outranks_findings() {
        assert_eq!(Exit::Found.max(Exit::Input), Exit::Input);
    }
}
