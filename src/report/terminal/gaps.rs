//! What these logs cannot tell, and which option of Keycloak would.

use super::Run;
use super::figure::{count, number};
use super::page::{Page, Text, Tone};
use crate::report::escape::Untrusted;
use crate::triage::verdict::Lack;

pub(super) fn write(run: &Run<'_>, page: &mut Page) {
    let lacks = &run.outcome.lacks;
    if lacks.is_empty() {
        return;
    }
    let all = run.outcome.tally.findings();
    let unsure: u64 = lacks.values().sum();
    page.gap();
    let text = format!("{} of {} cannot be told for certain from these logs:", number(unsure), count(all, "failure"));
    page.paragraph(1, 3, &Text::new().add(Tone::Strong, text));
    let is_shown = run.outcome.shows_authentication();
    let mut entries: Vec<(&Lack, &u64)> = lacks.iter().collect();
    entries.sort_by_key(|(lack, n)| (std::cmp::Reverse(**n), **lack));
    let wide = entries.iter().map(|(_, n)| number(**n).chars().count()).max().unwrap_or(1);
    for (lack, n) in entries {
        page.labelled(&format!("   {:>wide$} ", number(*n)), &Text::new().plain(reason(*lack, is_shown)));
    }
    let versions: Vec<_> = run.outcome.view.nodes.iter().flat_map(|n| &n.versions).filter_map(|(_, v)| parts_of(v)).collect();
    let missing = |lack| lacks.contains_key(&lack) && !(is_shown && lack == Lack::ClientAuthentication);
    if is_shown && lacks.contains_key(&Lack::ClientAuthentication) && run.outcome.access.realms.is_empty() {
        page.paragraph(3, 5, &Text::new().add(Tone::Advice, "→ ").plain("start Keycloak (26.4 and later) with"));
        page.verbatim(5, Tone::Strong, ACCESS_LOG);
    }
    if !missing(Lack::SuccessEvents) && !missing(Lack::ClientAuthentication) {
        return;
    }
    let mut levels = "--log-level=INFO".to_owned();
    if missing(Lack::SuccessEvents) {
        levels += ",org.keycloak.events:DEBUG";
    }
    if missing(Lack::ClientAuthentication) {
        levels += ",org.keycloak.authentication.ClientAuthenticationFlow:DEBUG";
    }
    let wildfly = !versions.is_empty() && versions.iter().all(|v| v.0 <= 16);
    if wildfly {
        let mut loggers = Vec::new();
        if missing(Lack::SuccessEvents) {
            loggers.push("org.keycloak.events");
        }
        if missing(Lack::ClientAuthentication) {
            loggers.push("org.keycloak.authentication.ClientAuthenticationFlow");
        }
        for logger in loggers {
            let command = format!("/subsystem=logging/logger={logger}:add(level=DEBUG)");
            page.paragraph(3, 5, &Text::new().add(Tone::Advice, "→ ").plain("jboss-cli:"));
            page.verbatim(5, Tone::Strong, &command);
        }
        return;
    }
    page.paragraph(3, 5, &Text::new().add(Tone::Advice, "→ ").plain("start Keycloak with"));
    page.verbatim(5, Tone::Strong, &levels);
    if missing(Lack::SuccessEvents) {
        for (words, option) in success_options(&versions) {
            page.paragraph(5, 5, &Text::new().plain(words));
            page.verbatim(5, Tone::Strong, option);
        }
    }
}

/// The option for what the lines on authentication do not say.
pub(in crate::report) const ACCESS_LOG: &str = "--http-access-log-enabled=true";

/// Says why failures stay unsure, where the lines on authentication are logged or are not.
pub(in crate::report) fn reason(lack: Lack, authentication_is_logged: bool) -> &'static str {
    match lack {
        Lack::ClientAuthentication if authentication_is_logged => {
            "because these logs say that authentication failed, and not why: the size of the answer tells (HTTP access log)"
        }
        Lack::SuccessEvents => "because successful logins and exchanges are not logged (success events)",
        Lack::ClientAuthentication => "because it is not logged how clients authenticate (ClientAuthenticationFlow)",
        Lack::Reasons => "because this server version prints no reason in its events (24 and later do)",
        Lack::WholeView => "because what happened may stand in another log: give the logs of all nodes, and earlier and later ones",
        Lack::Beginning => "because they stand before the first line given: give the log file before this one, too",
        Lack::ServerLog => "because stored events come without the warnings that explain them: give the server's own log, too",
        Lack::Event => "because only an access log shows them: give the server's own log of that time, too",
        Lack::Lines => "because lines are missing from this log: some of its warnings stand without the event that follows each",
    }
}

/// Spells the option for success events for the versions that the logs show, with the words before it.
fn success_options(versions: &[(u32, u32)]) -> Vec<(&'static str, &'static str)> {
    const NEW: &str = "--spi-events-listener--jboss-logging--success-level=info";
    const OLD: &str = "--spi-events-listener-jboss-logging-success-level=info";
    const WITH: &str = "or, for success events alone, with";
    if !versions.is_empty() && versions.iter().all(|v| is_new_option(*v)) {
        vec![(WITH, NEW)]
    } else if !versions.is_empty() && !versions.iter().any(|v| is_new_option(*v)) {
        vec![(WITH, OLD)]
    } else {
        vec![("or, for success events alone, from 26.3 on with", NEW), ("and before that with", OLD)]
    }
}

/// Whether a version names the options of its listeners with two hyphens between the parts.
pub(in crate::report) fn is_new_option(version: (u32, u32)) -> bool {
    version >= (26, 3)
}

/// Returns major and minor of a version.
pub(in crate::report) fn parts_of(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// Returns the paths that were typed, for a command to copy.
pub(super) fn paths(run: &Run<'_>) -> String {
    Untrusted::new(&run.settings.command).terminal(60)
}
