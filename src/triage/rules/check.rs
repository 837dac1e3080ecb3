//! The check of a table of rules: each is well written, and decides what it says that it decides.
//!
//! Input: [`Rules`]. Output: [`Complaint`]s in the order of the table; none where all is well. An example is read as a log is, companions joined
//! to their event, and decided by the whole table. Must not know where the table came from.

use std::fmt;

use super::{Rule, Rules};
use crate::triage::pasted;

/// How many examples, and how many counter-examples, a rule needs.
pub const EXAMPLES: usize = 2;

/// Errors of Keycloak's `EventType` that the token endpoint prints.
const EVENTS: [&str; 11] = [
    "AUTHREQID_TO_TOKEN_ERROR",
    "CLIENT_LOGIN_ERROR",
    "CODE_TO_TOKEN_ERROR",
    "JWT_AUTHORIZATION_GRANT_ERROR",
    "JWT_BEARER_ERROR",
    "LOGIN_ERROR",
    "OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR",
    "OAUTH2_EXTENSION_GRANT_ERROR",
    "PERMISSION_TOKEN_ERROR",
    "REFRESH_TOKEN_ERROR",
    "TOKEN_EXCHANGE_ERROR",
];

/// How bad a complaint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// May be meant so.
    Warning,
    /// Must be mended.
    Error,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Complaint {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Complaint {
    /// Writes `rule code-gone: has 1 example; give it at least 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.severity == Severity::Warning { " (warning)" } else { "" };
        write!(f, "rule {}{mark}: {}; {}", self.rule, self.what, self.advice)
    }
}

/// Checks all rules of a table.
#[must_use]
pub fn check(rules: &Rules) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for rule in rules.iter() {
        let mut found = Found { rule: &rule.text.id, complaints: &mut complaints };
        words(rule, &mut found);
        events(rule, &mut found);
        examples(rule, rules, &mut found);
        counter_examples(rule, rules, &mut found);
    }
    complaints
}

/// Complaints about the rule at hand.
struct Found<'a> {
    rule: &'a str,
    complaints: &'a mut Vec<Complaint>,
}

impl Found<'_> {
    fn error(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.add(Severity::Error, what.into(), advice.into());
    }

    fn add(&mut self, severity: Severity, what: String, advice: String) {
        self.complaints.push(Complaint { rule: self.rule.to_owned(), severity, what, advice });
    }
}

/// Whether an id is of small letters, digits and single hyphens, and begins with a letter.
fn is_kebab(id: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    id.split('-').all(word) && id.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Checks what a person reads.
fn words(rule: &Rule, found: &mut Found<'_>) {
    let text = &rule.text;
    if !is_kebab(&text.id) {
        found.error("its id is not in kebab-case", "use small letters, digits and hyphens, as in my-proxy-timeout");
    }
    for (name, value) in [("title", &text.title), ("why", &text.why)] {
        if value.trim().is_empty() {
            found.error(format!("its {name} is empty"), "say it in one line");
        } else if value.chars().any(char::is_control) {
            found.error(format!("its {name} has more than one line, or control characters"), "say it in one line");
        }
    }
    for reference in text.references.iter().filter(|r| !r.starts_with("https://") || r.chars().any(char::is_whitespace)) {
        found.error(format!("the reference {reference:?} is no address"), "give an address that begins with https://");
    }
}

/// Checks the names of events.
fn events(rule: &Rule, found: &mut Found<'_>) {
    for name in rule.text.event.iter().flatten().filter(|name| !EVENTS.contains(&name.as_str())) {
        let advice = format!("Keycloak's token endpoint prints {}", EVENTS.join(", "));
        found.add(Severity::Warning, format!("the event type {name:?} is not known here"), advice);
    }
}

/// What became of the lines of an example.
enum Decided {
    /// This rule decided it.
    By(String),
    /// They hold so many failed token requests.
    Requests(usize),
}

fn decide(lines: &[String], rules: &Rules) -> Decided {
    match pasted::failures(lines.join("\n").as_bytes()).as_slice() {
        [failed] => rules.decide(failed).map_or(Decided::Requests(1), |r| Decided::By(r.text.id.clone())),
        several => Decided::Requests(several.len()),
    }
}

/// `1 example`, `3 examples`
fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn examples(rule: &Rule, rules: &Rules, found: &mut Found<'_>) {
    let (id, examples) = (&rule.text.id, &rule.text.examples);
    if examples.len() < EXAMPLES {
        found.error(format!("has {}", count(examples.len(), "example")), format!("give it at least {EXAMPLES}, as the server prints them"));
    }
    let decided: Vec<Decided> = examples.iter().map(|lines| decide(lines, rules)).collect();
    let others: Vec<&str> = decided.iter().filter_map(|d| if let Decided::By(other) = d { Some(other.as_str()) } else { None }).collect();
    if !others.is_empty() && others.len() == decided.len() && others.iter().all(|o| o != id) {
        return found.error(format!("never decides: rule {} decides its examples", others[0]), "move it before that rule, or narrow that one");
    }
    for (number, decided) in (1..).zip(decided) {
        match decided {
            Decided::By(other) if other == *id => {}
            Decided::By(other) => found.error(format!("its example {number} is decided by rule {other}"), "move one of the two, or narrow the other"),
            Decided::Requests(1) => found.error(format!("its example {number} is decided by no rule"), "compare the rule's conditions with the line's fields"),
            Decided::Requests(n) => found.error(
                format!("its example {number} holds {}", count(n, "failed token request")),
                "give the companions as \"[Logger] message\" and one event list last, as the server prints them",
            ),
        }
    }
}

fn counter_examples(rule: &Rule, rules: &Rules, found: &mut Found<'_>) {
    let (id, examples) = (&rule.text.id, &rule.text.counter_examples);
    if examples.len() < EXAMPLES {
        found
            .error(format!("has {}", count(examples.len(), "counter-example")), format!("give it at least {EXAMPLES}: lines that come near and are not meant"));
    }
    for (number, lines) in (1..).zip(examples) {
        let event = lines.last().and_then(|l| l.find("type=").or(l.find("Type=").or(l.find("event="))));
        match decide(lines, rules) {
            Decided::By(other) if other == *id => {
                found.error(format!("its counter-example {number} is decided by it"), "narrow the rule, or drop the counter-example");
            }
            Decided::Requests(0) if event.is_none() => {
                found.error(format!("its counter-example {number} has no event"), "give the event list last, as the server prints it");
            }
            Decided::Requests(n) if n > 1 => found.error(format!("its counter-example {number} holds {}", count(n, "failed token request")), "give one event"),
            Decided::By(_) | Decided::Requests(_) => {}
        }
    }
}
