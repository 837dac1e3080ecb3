//! Alerts as they stand in a rule file, and those that come with the program.
//!
//! Input: TOML; a rule file may hold `[[alert]]` and `[[rule]]` (`triage::rules`), and each reader leaves the other's tables alone. Output: [`Rule`]s.

use serde::Deserialize;

use super::grammar::ParseError;
use super::rule::{Rule, Severity};

/// The alerts that come with the program.
pub const BUILTIN: &str = include_str!("alerts.toml");

/// What is wrong with the alerts of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// It is not TOML of the schema.
    #[error("the alerts cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Its rule is none.
    #[error("alert {name}: when: {error}\n{}", error.pointer())]
    When {
        /// The alert.
        name: String,
        /// What is wrong.
        error: ParseError,
    },
    /// Something else is wrong with it.
    #[error("alert {name}: {what}")]
    Alert {
        /// The alert.
        name: String,
        /// What is wrong.
        what: String,
    },
}

/// An alert as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertText {
    name: String,
    when: String,
    severity: Option<Severity>,
    #[serde(rename = "for")]
    hold: Option<String>,
    description: Option<String>,
    runbook: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    alert: Vec<AlertText>,
    /// Read by `triage::rules`.
    #[serde(default, rename = "rule")]
    _rule: Option<serde::de::IgnoredAny>,
}

/// Returns the alerts that come with the program.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
#[must_use]
pub fn builtin() -> Vec<Rule> {
    let rules = parse(BUILTIN).expect("the built-in alerts are checked by a test");
    rules.into_iter().map(|rule| Rule { builtin: true, ..rule }).collect()
}

/// Reads the alerts of a rule file.
///
/// # Errors
/// When one is not well written, or has the name of another.
pub fn parse(text: &str) -> Result<Vec<Rule>, AlertError> {
    let file: File = toml::from_str(text)?;
    let mut rules: Vec<Rule> = Vec::new();
    for alert in file.alert {
        let rule = ready(alert)?;
        if rules.iter().any(|r| r.name == rule.name) {
            return Err(AlertError::Alert { name: rule.name, what: "its name is used twice".into() });
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn ready(alert: AlertText) -> Result<Rule, AlertError> {
    let AlertText { name, when, severity, hold, description, runbook } = alert;
    let wrong = |what: &str| AlertError::Alert { name: name.clone(), what: what.into() };
    let is_line = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
    if !is_line(&name) {
        return Err(wrong("its name is empty or has control characters"));
    }
    if description.as_deref().is_some_and(|d| !is_line(d)) {
        return Err(wrong("its description is empty, or has more than one line"));
    }
    if runbook.as_deref().is_some_and(|r| !(r.starts_with("https://") || r.starts_with("http://")) || r.chars().any(char::is_whitespace)) {
        return Err(wrong("its runbook is no address; give one that begins with https://"));
    }
    let named = |key: &str| when.split_whitespace().any(|word| word == key);
    for (key, is_given) in [("for", hold.is_some()), ("severity", severity.is_some()), ("name", true)] {
        if is_given && named(key) {
            return Err(wrong(&format!("{key} is given beside when and in it; give it once")));
        }
    }
    let typed = match &hold {
        Some(hold) => format!("{when} for {hold}"),
        None => when.clone(),
    };
    let rule = Rule::parse(&typed).map_err(|error| AlertError::When { name: name.clone(), error })?;
    Ok(Rule { severity: severity.unwrap_or(rule.severity), name, description, runbook, ..rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_alerts_are_well_written() {
        let rules = builtin();
        assert!(rules.len() >= 5 && rules.iter().all(|r| r.builtin && r.description.is_some()));
    }

    #[test]
    fn a_file_holds_alerts_beside_rules() {
        let text =
            "[[rule]]\nid = 'x'\n[[alert]]\nname = 'reused'\nwhen = 'cause=2 rate>20/5m by client'\nfor = '2m'\nseverity = 'critical'\nrunbook = 'https://x/y'";
        let rules = parse(text).expect("alerts");
        assert_eq!((rules[0].name.as_str(), rules[0].hold_ms, rules[0].severity), ("reused", 120_000, Severity::Critical));
        assert_eq!(rules[0].runbook.as_deref(), Some("https://x/y"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            ("[[alert]]\nname = 'a'\nwhen = 'rate>1/5'", "alert a: when: column 9: a unit is expected"),
            ("[[alert]]\nname = 'a'\nwhen = 'rate>1/5m'\n[[alert]]\nname = 'a'\nwhen = 'new'", "alert a: its name is used twice"),
            ("[[alert]]\nname = ''\nwhen = 'new'", "alert : its name is empty"),
            ("[[alert]]\nname = 'a'\nwhen = 'rate>1/5m for 2m'\nfor = '3m'", "alert a: for is given beside when and in it"),
            ("[[alert]]\nname = 'a'\nwhen = 'new'\nrunbook = 'wiki'", "alert a: its runbook is no address"),
            ("[[alert]]\nname = 'a'\nwhen = 'new'\ncolour = 'red'", "the alerts cannot be read"),
            ("[[alarm]]\nname = 'a'", "the alerts cannot be read"),
        ];
        for (text, want) in table {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(want), "{text}: {error}");
        }
    }
}
