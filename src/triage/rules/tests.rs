//! The built-in table, and what the check says of bad ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::check::{Severity, check};
use super::{Question, Rule, RuleText, Rules, Says};
use crate::cause::Cause;

/// The causes that a question can answer with first. A new question needs an arm here and a place in [`Question::ALL`].
fn answers(question: Question) -> &'static [Cause] {
    match question {
        Question::ExpiredOrReused => &[Cause::CodeExpired, Cause::CodeReused, Cause::ClockSkew],
        Question::ExpiredOrSkewed => &[Cause::CodeExpired],
        Question::SessionOrMalformed => &[Cause::SessionTerminated, Cause::CodeMalformed],
        Question::RedirectOrForeign | Question::OwnRedirect => &[Cause::RedirectUriMismatch, Cause::CodeOfOtherClient],
        Question::SecretOrMethod => &[Cause::WrongClientSecret, Cause::ClientAuthMethod, Cause::ClockSkew, Cause::ClientNotFound],
        Question::RefreshWithoutReason | Question::RefreshNotRead => &[Cause::RefreshTokenInvalid],
        Question::MissingOrMalformed => &[Cause::CodeMissing],
        Question::UnknownOrMethod => &[Cause::ClientNotFound, Cause::ClientAuthMethod],
    }
}

/// Whether a cause is one that the events of a log can have. A new cause needs an arm here.
fn is_logged(cause: Cause) -> bool {
    match cause {
        // access-log lines are not read yet
        Cause::Unlogged => false,
        Cause::CodeExpired
        | Cause::CodeReused
        | Cause::ClockSkew
        | Cause::RefreshTokenInvalid
        | Cause::WrongClientSecret
        | Cause::PkceMismatch
        | Cause::RedirectUriMismatch
        | Cause::SessionTerminated
        | Cause::ClientAuthMethod
        | Cause::CodeMalformed
        | Cause::CodeOfOtherClient
        | Cause::CodeMissing
        | Cause::ClientNotFound
        | Cause::ClientDisabled
        | Cause::UserCredentials
        | Cause::UserDisabled
        | Cause::DeviceCodeInvalid
        | Cause::TokenExchangeDenied
        | Cause::GrantNotAllowed
        | Cause::Unclassified => true,
    }
}

#[test]
fn the_bare_table_is_the_built_in_one_without_its_examples() {
    let shown = |rule: &Rule| format!("{:?}", RuleText { examples: Vec::new(), counter_examples: Vec::new(), ..rule.text.clone() });
    assert!(Rules::bare().iter().all(|r| r.text.examples.is_empty() && r.text.counter_examples.is_empty()));
    let (bare, all): (Vec<String>, Vec<String>) = (Rules::bare().iter().map(shown).collect(), Rules::builtin().iter().map(shown).collect());
    assert_eq!(bare, all);
}

#[test]
fn the_built_in_table_has_no_complaints() {
    let complaints: Vec<String> = check(&Rules::builtin()).iter().map(ToString::to_string).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_question_is_asked_and_every_cause_can_be_found() {
    let mut found = BTreeSet::new();
    let mut asked = Vec::new();
    for rule in Rules::builtin().iter() {
        match &rule.says {
            Says::Cause { cause, .. } => {
                found.insert(*cause);
            }
            Says::Ask(question) => {
                asked.push(*question);
                found.extend(answers(*question));
            }
        }
    }
    for question in Question::ALL {
        assert!(asked.contains(&question), "{} is asked by no rule", question.slug());
        let text = format!("[[rule]]\nid = \"a\"\ntitle = \"t\"\nquestion = \"{}\"\nwhy = \"w\"", question.slug());
        assert_eq!(Rules::parse(&text).expect("a rule").iter().next().map(|r| r.says.clone()), Some(Says::Ask(question)));
    }
    for cause in Cause::ALL {
        assert_eq!(found.contains(&cause), is_logged(cause), "{cause}");
    }
}

#[test]
fn every_detail_of_a_cause_is_said_by_a_rule() {
    let said: BTreeSet<_> = Rules::builtin().iter().filter_map(|r| Some((r.text.cause?, r.text.detail?))).collect();
    for cause in Cause::ALL {
        for detail in cause.details() {
            assert!(said.contains(&(cause, *detail)), "{cause} {detail}");
        }
    }
}

#[test]
fn a_users_rule_comes_first_and_takes_the_place_of_one_with_its_id() {
    let user = Rules::parse("[[rule]]\nid = \"code-gone\"\ntitle = \"t\"\nerror = [\"invalid_code\"]\ncause = \"code-missing\"\nwhy = \"w\"").expect("a table");
    let all = Rules::builtin().preceded_by(user);
    let ids: Vec<&str> = all.iter().map(|r| r.text.id.as_str()).collect();
    assert_eq!((ids[0], ids.iter().filter(|id| **id == "code-gone").count()), ("code-gone", 1));
    assert_eq!(ids.len(), Rules::builtin().iter().count());
}

#[test]
fn the_example_of_the_documentation_is_sound_and_names_every_question() {
    let page = include_str!("../../../docs/rules.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let rules = Rules::builtin().preceded_by(Rules::parse(example).expect("a table"));
    assert_eq!((check(&rules), rules.iter().next().map(|r| r.text.id.as_str())), (vec![], Some("quota-exceeded")));
    for question in Question::ALL {
        assert!(page.contains(&format!("| `{}` |", question.slug())), "{}", question.slug());
    }
}

/// A sound rule, in lines that a test can replace.
const SOUND: &str = r#"[[rule]]
id = "sound"
title = "title"
event = ["REFRESH_TOKEN_ERROR"]
error = ["x"]
cause = "unclassified"
confidence = "ambiguous"
why = "why"
references = ["https://example.org/a"]
examples = [
    ['type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=x'],
    ['[services] a companion', 'type="REFRESH_TOKEN_ERROR", realmId="r", clientId="d", userId="null", ipAddress="10.0.0.4", error="x"'],
]
counter-examples = [
    ['type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=y'],
    ['type=LOGIN, realmId=r, clientId=c, userId=u, ipAddress=10.0.0.4'],
]
"#;

#[test]
fn each_kind_of_complaint_is_made() {
    let request = "type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=x";
    let table: &[(&str, &str, &str)] = &[
        // what is replaced in the sound rule, by what, the complaint
        ("", "", ""),
        ("id = \"sound\"", "id = \"So und\"", "rule So und: its id is not in kebab-case; use small letters, digits and hyphens, as in my-proxy-timeout"),
        ("title = \"title\"", "title = \" \"", "rule sound: its title is empty; say it in one line"),
        ("why = \"why\"", "why = \"a\\nb\"", "rule sound: its why has more than one line, or control characters; say it in one line"),
        ("https://example.org/a", "example.org", "rule sound: the reference \"example.org\" is no address; give an address that begins with https://"),
        (
            "event = [\"REFRESH_TOKEN_ERROR\"]",
            "event = [\"REFRESH_TOKEN_ERROR\", \"CODE_TO_TOKEN_EROR\"]",
            "rule sound (warning): the event type \"CODE_TO_TOKEN_EROR\" is not known here; Keycloak's token endpoint prints AUTHREQID_TO_TOKEN_ERROR, \
             CLIENT_LOGIN_ERROR, CODE_TO_TOKEN_ERROR, JWT_AUTHORIZATION_GRANT_ERROR, JWT_BEARER_ERROR, LOGIN_ERROR, OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR, \
             OAUTH2_EXTENSION_GRANT_ERROR, PERMISSION_TOKEN_ERROR, REFRESH_TOKEN_ERROR, TOKEN_EXCHANGE_ERROR",
        ),
        (
            "['type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=x'],",
            "",
            "rule sound: has 1 example; give it at least 2, as the server prints them",
        ),
        (
            "['type=LOGIN, realmId=r, clientId=c, userId=u, ipAddress=10.0.0.4'],",
            "",
            "rule sound: has 1 counter-example; give it at least 2: lines that come near and are not meant",
        ),
        ("error=x'", "error=y'", "rule sound: its example 1 is decided by no rule; compare the rule's conditions with the line's fields"),
        (
            "['type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=x']",
            "['type=LOGIN, realmId=r, clientId=c, userId=u, ipAddress=10.0.0.4']",
            "rule sound: its example 1 holds 0 failed token requests; give the companions as \"[Logger] message\" and one event list last, as the server prints them",
        ),
        ("error=y'", "error=x'", "rule sound: its counter-example 1 is decided by it; narrow the rule, or drop the counter-example"),
        (
            "'type=LOGIN, realmId=r, clientId=c, userId=u, ipAddress=10.0.0.4'",
            "'all is well'",
            "rule sound: its counter-example 2 has no event; give the event list last, as the server prints it",
        ),
        (
            "'type=LOGIN, ",
            &format!("'{request}', '{request}', 'type=LOGIN, "),
            "rule sound: its counter-example 2 holds 2 failed token requests; give one event",
        ),
        (
            "[[rule]]",
            "[[rule]]\nid = \"first\"\ntitle = \"t\"\nerror = [\"x\"]\nuser = \"none\"\ncause = \"unclassified\"\nconfidence = \"ambiguous\"\nwhy = \"w\"\n[[rule]]",
            "rule first: has 0 examples; give it at least 2, as the server prints them\n\
             rule first: has 0 counter-examples; give it at least 2: lines that come near and are not meant\n\
             rule sound: never decides: rule first decides its examples; move it before that rule, or narrow that one",
        ),
        (
            "[[rule]]",
            "[[rule]]\nid = \"first\"\ntitle = \"t\"\nerror = [\"x\"]\nclient = \"none\"\ncause = \"unclassified\"\nconfidence = \"ambiguous\"\nwhy = \"w\"\nexamples = [['type=LOGIN'], ['type=REFRESH_TOKEN_ERROR, realmId=r, clientId=c, userId=null, ipAddress=10.0.0.4, error=x']]\ncounter-examples = [['type=LOGIN'], ['type=LOGIN']]\n[[rule]]",
            "rule first: its example 1 holds 0 failed token requests; give the companions as \"[Logger] message\" and one event list last, as the server prints them\n\
             rule first: its example 2 is decided by rule sound; move one of the two, or narrow the other",
        ),
    ];
    for (what, by, want) in table {
        let text = if what.is_empty() { SOUND.to_owned() } else { SOUND.replacen(what, by, 1) };
        let rules = Rules::parse(&text).unwrap_or_else(|e| panic!("{what}: {e}"));
        let complaints: Vec<String> = check(&rules).iter().map(ToString::to_string).collect();
        assert_eq!(complaints.join("\n"), *want, "{what}");
    }
}

#[test]
fn only_an_unknown_event_type_is_a_mere_warning() {
    let rules = Rules::parse(
        &SOUND.replace("event = [\"REFRESH_TOKEN_ERROR\"]", "event = [\"REFRESH_TOKEN_ERROR\", \"X\"]\n").replace("title = \"title\"", "title = \"\""),
    )
    .expect("a table");
    let severities: Vec<Severity> = check(&rules).iter().map(|c| c.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning]);
}

#[test]
fn the_table_in_short() {
    let mut list = String::new();
    for rule in Rules::builtin().iter() {
        let id = &rule.text.id;
        let _ = match &rule.says {
            Says::Ask(question) => writeln!(list, "{id} → {}?", question.slug()),
            Says::Cause { detail, confidence, candidates, .. } => {
                let detail = detail.map(|d| format!(" ({d})")).unwrap_or_default();
                let all: Vec<&str> = candidates.iter().map(|c| c.slug()).collect();
                writeln!(list, "{id} → {}{detail}, {}", all.join(" or "), confidence.slug())
            }
        };
    }
    insta::assert_snapshot!(list, @r"
    assertion-of-no-client → unclassified or client-auth-method or wrong-client-secret, likely
    no-client-in-request → unknown-or-method?
    no-client-in-event → unknown-or-method?
    token-exchange-audience → token-exchange-denied, certain
    client-disabled → client-disabled, certain
    grant-assertion-not-active → clock-skew, certain
    proof-not-active → clock-skew, certain
    assertion-not-active → clock-skew, certain
    assertion-of-an-unknown-key → wrong-client-secret or unclassified, likely
    assertion-keys-not-loaded → unclassified or wrong-client-secret, likely
    assertion-refused → wrong-client-secret or client-auth-method or unclassified, likely
    client-credentials-refused → secret-or-method?
    client-not-found → unknown-or-method?
    user-disabled → user-disabled, certain
    user-disabled-reason → user-disabled, certain
    code-gone → expired-or-reused?
    code-too-long → code-malformed, certain
    code-missing → code-missing, certain
    code-malformed → code-malformed, certain
    code-malformed-uuid → code-malformed, certain
    code-of-other-client-warned → code-of-other-client, certain
    code-cut → code-malformed, certain
    code-of-other-session → code-malformed, certain
    code-without-session → missing-or-malformed?
    code-read-and-refused → redirect-or-foreign?
    code-without-its-session → session-or-malformed?
    code-expired → expired-or-skewed?
    user-session-not-found → session-terminated, certain
    client-session-not-found → session-terminated or code-reused or code-malformed or unclassified, likely
    redirect-uri → own-redirect?
    code-of-other-client → code-of-other-client, certain
    code-exchange-not-allowed → grant-not-allowed, certain
    code-exchange-without-consent → unclassified, likely
    code-exchange-refused → grant-not-allowed or unclassified, likely
    pkce-verifier-too-long → pkce-mismatch (malformed), certain
    pkce-verifier-missing → pkce-mismatch (missing), certain
    pkce-verification-failed → pkce-mismatch (mismatch), certain
    pkce-verifier-unexpected → pkce-mismatch (unexpected), certain
    pkce-verifier-unexpected-companion → pkce-mismatch (unexpected), certain
    pkce-verifier-malformed → pkce-mismatch (malformed), certain
    refresh-expired → refresh-token-invalid (expired), certain
    refresh-session-ended → refresh-token-invalid (session-ended), certain
    refresh-stale → refresh-token-invalid (unknown), certain
    refresh-older-than-its-session → refresh-token-invalid or clock-skew (unknown), likely
    refresh-not-before → refresh-token-invalid (not-before), certain
    refresh-rotated → refresh-token-invalid (rotated), certain
    refresh-wrong-client → refresh-token-invalid (wrong-client), certain
    refresh-malformed → refresh-token-invalid (malformed), certain
    refresh-issuer → refresh-token-invalid (malformed), certain
    refresh-offline → refresh-token-invalid (offline), certain
    refresh-offline-not-allowed → refresh-token-invalid (offline), certain
    refresh-without-consent → unclassified, likely
    refresh-other-reason → refresh-token-invalid or unclassified (unknown), likely
    refresh-read-and-refused → refresh-without-reason?
    refresh-not-read → refresh-not-read?
    client-policy-authentication → client-auth-method, certain
    jwt-grant-not-allowed → grant-not-allowed, certain
    password-grant-prohibited → grant-not-allowed, certain
    password-grant-not-allowed → grant-not-allowed, certain
    user-credentials → user-credentials, certain
    service-account-not-allowed → grant-not-allowed, certain
    service-account-refused → grant-not-allowed or unclassified, likely
    device-code → device-code-invalid, certain
    device-session → session-terminated, certain
    device-without-consent → unclassified or grant-not-allowed, likely
    device-not-allowed → grant-not-allowed, certain
    device-other → device-code-invalid or unclassified, likely
    token-exchange → token-exchange-denied, certain
    unclassified → unclassified, ambiguous
    ");
}
