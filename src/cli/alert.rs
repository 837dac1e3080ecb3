//! Alerts of a live run: what was typed about them, who is told, and what is kept.
//!
//! Input: flags, updates. Output: alerts, delivered by threads of their own; what a person should know beside them. Must not decide when an alert begins or ends.

mod command;
mod delivery;
mod endpoint;
mod file;
mod watch;
mod webhook;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use kctriage::alert::{Rule, builtin, file as alert_file};

use super::Error;
use endpoint::Endpoint;

pub use watch::Watch;

/// What a rule looks like, for whoever typed a wrong one.
const EXAMPLE: &str = "for example: 'cause=code-reused rate>20/5m by client' (docs/alerts.md has all of it)";

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is told of alerts, and of which.
#[derive(Debug, Args, Default)]
pub struct Flags {
    /// A rule that says when to alert: 'cause=code-reused rate>20/5m by client' (may be repeated)
    #[arg(long, value_name = "RULE", help_heading = "Alerts")]
    alert: Vec<String>,
    /// Leave out the alerts that come with the program: new causes, unusual rates, old secrets, clock skew
    #[arg(long, help_heading = "Alerts")]
    no_default_alerts: bool,
    /// Append alerts to a file, one JSON object a line
    #[arg(long, value_name = "FILE", help_heading = "Alerts")]
    alert_file: Option<PathBuf>,
    /// Run a command for each alert, which it gets as JSON on its standard input
    #[arg(long, value_name = "COMMAND", help_heading = "Alerts")]
    alert_command: Option<String>,
    /// Post alerts to an address
    #[arg(long, value_name = "URL", env = "KCTRIAGE_ALERT_WEBHOOK", hide_env_values = true, help_heading = "Alerts")]
    alert_webhook: Option<String>,
    /// The same with the address in a file, where it is not seen in the list of processes
    #[arg(long, value_name = "FILE", conflicts_with = "alert_webhook", help_heading = "Alerts")]
    alert_webhook_file: Option<PathBuf>,
    /// What is posted
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Alerts")]
    alert_webhook_format: Payload,
}

/// What is posted to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Payload {
    /// A message for an incoming webhook of Slack, Mattermost or Rocket.Chat
    Slack,
    /// The API of Prometheus' Alertmanager (v2)
    Alertmanager,
    /// The JSON object of the alert
    #[default]
    Json,
}

/// Whom alerts go to.
#[derive(Debug, Clone)]
enum Receiver {
    File(PathBuf),
    Command(String),
    Webhook(Endpoint, Payload),
}

/// What is watched for, and who is told.
#[derive(Debug, Default)]
pub struct Settings {
    /// Rules that were typed.
    typed: Vec<Rule>,
    /// Those that come with the program count, whatever else does.
    forced: bool,
    /// Those that come with the program are left out.
    plain: bool,
    receivers: Vec<Receiver>,
}

impl Settings {
    /// Checks what was typed. `for_people` says that standard output is lines or the view: then the alerts that come with the program are on.
    pub fn of(typed: Flags, for_people: bool) -> Result<Self, Error> {
        let rule = |text: &String| Rule::parse(text).map_err(|e| Error::value("--alert", text, e.to_string(), format!("{}\n{EXAMPLE}", e.pointer())));
        let mut receivers = Vec::new();
        if let Some(path) = typed.alert_file {
            file::check(&path).map_err(|what| Error::value("--alert-file", &path.to_string_lossy(), what, "name a file, in a folder that is there"))?;
            receivers.push(Receiver::File(path));
        }
        if let Some(command) = typed.alert_command {
            if command.trim().is_empty() {
                return Err(Error::Usage {
                    what: "--alert-command: it is empty".into(),
                    advice: "name a program: --alert-command /usr/local/bin/page-me".into(),
                });
            }
            receivers.push(Receiver::Command(command));
        }
        let url = match (typed.alert_webhook, &typed.alert_webhook_file) {
            (Some(url), _) => Some(url),
            (None, Some(path)) => Some(fs::read_to_string(path).map_err(|e| {
                let advice = "it takes a file that holds the address, and nothing else";
                Error::value("--alert-webhook-file", &path.to_string_lossy(), format!("it cannot be read: {e}"), advice)
            })?),
            (None, None) => None,
        };
        if let Some(url) = url {
            // the address may hold a secret: it is not said
            let wrong = |what| Error::Usage { what: format!("--alert-webhook: {what}"), advice: "write it as https://hooks.example.com/services/…".into() };
            receivers.push(Receiver::Webhook(Endpoint::parse(url.trim(), typed.alert_webhook_format).map_err(wrong)?, typed.alert_webhook_format));
        }
        let settings = Settings {
            typed: typed.alert.iter().map(rule).collect::<Result<_, _>>()?,
            forced: for_people || !receivers.is_empty() || !typed.alert.is_empty(),
            plain: typed.no_default_alerts,
            receivers,
        };
        Ok(settings)
    }

    /// Returns all rules, those of the files read anew: one of a file or of the command line takes the place of one that comes with the program and has its
    /// name.
    pub fn rules(&self, files: &[PathBuf]) -> Result<Vec<Rule>, Error> {
        let mut own: Vec<Rule> = Vec::new();
        for path in files {
            own.extend(read(path)?);
        }
        own.extend(self.typed.iter().cloned());
        if let Some(i) = (0..own.len()).find(|i| own[..*i].iter().any(|r| r.name == own[*i].name)) {
            let what = format!("two alerts are named {:?}", own[i].name);
            return Err(Error::Usage { what, advice: "give each a name of its own: --alert 'name NAME cause=…'".into() });
        }
        if !self.plain && (self.forced || !own.is_empty()) {
            own.splice(0..0, builtin().into_iter().filter(|b| own.iter().all(|r| r.name != b.name)).collect::<Vec<_>>());
        }
        Ok(own)
    }
}

/// Reads the alerts of a rule file.
pub fn read(path: &Path) -> Result<Vec<Rule>, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::Unreadable { path: path.to_owned(), error })?;
    alert_file::parse(&text).map_err(|error| Error::Alerts { path: path.to_owned(), error })
}
