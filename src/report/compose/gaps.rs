//! What these logs cannot tell, and which option of Keycloak would.

use super::Run;
use crate::report::json::lack;
use crate::report::model::{Gap, Gaps, Prose};
use crate::report::terminal::gaps::{ACCESS_LOG, is_new_option, parts_of, reason};
use crate::triage::verdict::Lack;

/// Returns what cannot be told.
pub(super) fn gaps(run: &Run<'_>) -> Gaps {
    let lacks = &run.account.lacks;
    let mut entries: Vec<(&Lack, &u64)> = lacks.iter().collect();
    entries.sort_by_key(|(lack, n)| (std::cmp::Reverse(**n), **lack));
    Gaps {
        unsure: lacks.values().sum(),
        reasons: entries.into_iter().map(|(l, n)| Gap { lack: lack(*l), count: *n, why: reason(*l, run.account.shows_authentication()) }).collect(),
        remedies: remedies(run),
        rates: rates(run),
    }
}

/// Names the options that would show what is missing.
fn remedies(run: &Run<'_>) -> Vec<Prose> {
    let is_shown = run.account.shows_authentication();
    let missing = |lack| run.account.lacks.contains_key(&lack) && !(is_shown && lack == Lack::ClientAuthentication);
    let mut remedies = Vec::new();
    if is_shown && run.account.lacks.contains_key(&Lack::ClientAuthentication) && run.account.access.realms.is_empty() {
        remedies.push(Prose::new().say("Start Keycloak (26.4 and later) with ").code(ACCESS_LOG).say("."));
    }
    let loggers: Vec<&str> =
        [(Lack::SuccessEvents, "org.keycloak.events"), (Lack::ClientAuthentication, "org.keycloak.authentication.ClientAuthenticationFlow")]
            .into_iter()
            .filter(|(lack, _)| missing(*lack))
            .map(|(_, logger)| logger)
            .collect();
    if loggers.is_empty() {
        return remedies;
    }
    let versions = run.account.nodes.values().flat_map(|n| &n.versions).filter_map(|(_, v)| parts_of(v)).collect::<Vec<_>>();
    if !versions.is_empty() && versions.iter().all(|v| v.0 <= 16) {
        let command = |logger: &&str| Prose::new().say("In jboss-cli: ").code(format!("/subsystem=logging/logger={logger}:add(level=DEBUG)"));
        remedies.extend(loggers.iter().map(command));
        return remedies;
    }
    let levels: Vec<String> = loggers.iter().map(|logger| format!("{logger}:DEBUG")).collect();
    remedies.push(Prose::new().say("Start Keycloak with ").code(format!("--log-level=INFO,{}", levels.join(","))).say("."));
    if missing(Lack::SuccessEvents) {
        const NEW: &str = "--spi-events-listener--jboss-logging--success-level=info";
        const OLD: &str = "--spi-events-listener-jboss-logging-success-level=info";
        let prose = Prose::new().say("Or, for success events alone, with ");
        remedies.push(match versions.as_slice() {
            [] => prose.code(NEW).say(" (26.3 and later) or ").code(OLD).say(" (before)."),
            some if some.iter().all(|v| is_new_option(*v)) => prose.code(NEW).say("."),
            some if !some.iter().any(|v| is_new_option(*v)) => prose.code(OLD).say("."),
            _ => prose.code(NEW).say(" (26.3 and later) or ").code(OLD).say(" (before)."),
        });
    }
    remedies
}

/// Says whether rates of failure can be told.
fn rates(run: &Run<'_>) -> Option<Prose> {
    let seen = || run.account.nodes.values();
    let with = seen().filter(|n| n.successes || n.access_log).count();
    match (with, seen().count()) {
        (_, 0) => None,
        (0, _) => Some(
            "Which share of the requests failed cannot be told: these logs do not show the successful ones (success events and the HTTP access log are off)."
                .into(),
        ),
        (some, all) if some < all => Some(
            Prose::new().say(format!("Successful requests are visible in the logs of {some} of {all} nodes only, so shares of failures are upper bounds.")),
        ),
        _ => None,
    }
}
