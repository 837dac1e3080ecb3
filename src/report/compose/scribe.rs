//! The only way for text of the log onto the page.

use crate::report::model::{Kind, Logged, Prose};

/// What is to stand for a text.
pub type Rename<'a> = dyn Fn(Kind, &str) -> String + 'a;

/// Takes text of the log in: puts a pseudonym in its place where it is told to, and masks secrets.
pub struct Scribe<'a> {
    rename: Option<&'a Rename<'a>>,
}

impl<'a> Scribe<'a> {
    /// Returns a scribe that leaves names as they are.
    #[must_use]
    pub fn open() -> Self {
        Scribe { rename: None }
    }

    /// Returns a scribe that writes what `rename` makes of each text: the same for the same text.
    #[must_use]
    pub fn renaming(rename: &'a Rename<'a>) -> Self {
        Scribe { rename: Some(rename) }
    }

    /// Takes a text in.
    #[must_use]
    pub fn logged(&self, kind: Kind, text: &str) -> Logged {
        match self.rename {
            Some(rename) => Logged::new(kind, &rename(kind, text)),
            None => Logged::new(kind, text),
        }
    }

    /// Whether names are replaced.
    #[must_use]
    pub fn renames(&self) -> bool {
        self.rename.is_some()
    }

    /// Says which names are replaced.
    pub(super) fn note(&self) -> Prose {
        if self.renames() {
            Prose::new().say(
                "Users, client addresses and sessions are pseudonyms: the same one stands for the same value throughout this page, and nothing on it leads back. \
                 Clients, realms, nodes and files have their own names. Secrets are masked.",
            )
        } else {
            Prose::new()
                .strong("Not redacted: ")
                .say("users, client addresses and sessions stand here as they were logged (")
                .code("--no-redact")
                .say("), so think before you pass this page on. Secrets are masked.")
        }
    }
}
