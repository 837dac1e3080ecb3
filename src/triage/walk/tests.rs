//! Walks over one line and over a companion with its event, one row for each cause and way.

use super::Answer::{CannotTell, Known, No, Yes};
use super::*;
use crate::cause::Cause;

fn walked(text: &str) -> Vec<Walk> {
    walk(text.as_bytes(), &Rules::builtin(), None)
}

/// `CODE_TO_TOKEN_ERROR` and its like of a server of today.
fn event(kind: &str, user: &str, session: &str, rest: &str) -> String {
    let session = if session.is_empty() { String::new() } else { format!("sessionId=\"{session}\", ") };
    format!("type=\"{kind}\", realmId=\"8b511ef5\", realmName=\"shop\", clientId=\"web-portal\", userId=\"{user}\", {session}ipAddress=\"10.0.0.4\", {rest}")
}

const CODE: &str = "grant_type=\"authorization_code\", client_auth_method=\"client-secret\"";
const SESSION: &str = "8BR2w40pXq1mVx7TdKc4WyZa";

fn head(time: &str, logger: &str, message: &str) -> String {
    format!("2026-11-23 14:48:{time} WARN  [{logger}] (executor-thread-1) {message}\n")
}

#[test]
fn the_last_question_decides_each_cause() {
    let code = |user: &str, rest: &str| event("CODE_TO_TOKEN_ERROR", user, SESSION, &format!("{rest}, {CODE}"));
    let refresh = |rest: &str| event("REFRESH_TOKEN_ERROR", "null", SESSION, &format!("error=\"invalid_token\", {rest}, grant_type=\"refresh_token\""));
    let login = |rest: &str| event("CLIENT_LOGIN_ERROR", "null", "", &format!("{rest}, grant_type=\"client_credentials\""));
    let gone = format!("[OAuth2CodeParser] Code 'c0de' already used for userSession '{SESSION}' and client '41ac5afa'.\n");
    let table: Vec<(String, Cause, &str, Answer)> = vec![
        (code("null", "error=\"expired_code\""), Cause::CodeExpired, "Is a clock off?", CannotTell),
        (gone.clone() + &code("null", "error=\"invalid_code\""), Cause::CodeExpired, "How old was the code?", CannotTell),
        (
            "[services] KC-SERVICES0025: Error when validating client assertion: java.lang.RuntimeException: Token is not active\n".to_owned()
                + &login("error=\"invalid_client_credentials\""),
            Cause::ClockSkew,
            "Is a clock off?",
            CannotTell,
        ),
        (login("error=\"invalid_client_credentials\", client_assertion_id=\"a\""), Cause::ClockSkew, "Is a clock off?", CannotTell),
        (refresh("reason=\"Token is not active\""), Cause::RefreshTokenInvalid, "Is the refresh token within its time?", No),
        (refresh("reason=\"Stale token\""), Cause::RefreshTokenInvalid, "Was a not-before set for its client or user?", CannotTell),
        (
            event("REFRESH_TOKEN_ERROR", "null", "", "error=\"invalid_token\", reason=\"Stale token\", grant_type=\"refresh_token\""),
            Cause::RefreshTokenInvalid,
            "Is the refresh token newer than its session and the last revocation?",
            No,
        ),
        (refresh("reason=\"Session not active\""), Cause::RefreshTokenInvalid, "Is the session alive?", No),
        (refresh("reason=\"Maximum allowed refresh token reuse exceeded\""), Cause::RefreshTokenInvalid, "Was this refresh token used before?", Yes),
        (refresh("reason=\"Unmatching clients\""), Cause::RefreshTokenInvalid, "Is the refresh token this client's?", No),
        (refresh("reason=\"Invalid refresh token\""), Cause::RefreshTokenInvalid, "Could the refresh token be read?", No),
        (refresh("reason=\"Offline session not active\""), Cause::RefreshTokenInvalid, "Is the session alive?", No),
        (refresh("reason=\"Who knows\""), Cause::RefreshTokenInvalid, "Does a rule say what it means?", Known),
        (refresh("reason=\"User disabled\""), Cause::UserDisabled, "Is the user enabled?", No),
        (
            "[ClientAuthenticationFlow] client authenticator FAILED: client-secret\n".to_owned() + &login("error=\"invalid_client_credentials\""),
            Cause::WrongClientSecret,
            "Is the secret right?",
            No,
        ),
        (login("error=\"invalid_client_credentials\""), Cause::WrongClientSecret, "Is a clock off?", CannotTell),
        (code("u", "error=\"pkce_verification_failed\", reason=\"Code mismatch\""), Cause::PkceMismatch, "Does the PKCE verifier match?", No),
        (
            "[PkceUtils] PKCE invalid code verifier\n".to_owned() + &code("u", "error=\"invalid_code_verifier\""),
            Cause::PkceMismatch,
            "Does the PKCE verifier match?",
            No,
        ),
        (code("u", "error=\"invalid_redirect_uri\""), Cause::RedirectUriMismatch, "Is the code this client's?", CannotTell),
        (code("u", "error=\"invalid_code\""), Cause::RedirectUriMismatch, "Does the redirect_uri match?", CannotTell),
        (code("u", "error=\"user_session_not_found\""), Cause::SessionTerminated, "Is the session alive?", No),
        (code("null", "error=\"invalid_code\""), Cause::CodeExpired, "Was this code used before?", CannotTell),
        (
            "[ClientAuthenticationFlow] client authenticator CHALLENGE: client-secret\n".to_owned() + &login("error=\"invalid_client_credentials\""),
            Cause::ClientAuthMethod,
            "Were its credentials sent as its settings want them?",
            No,
        ),
        (login("error=\"client_not_found\"").replace("web-portal", "null"), Cause::ClientAuthMethod, "Does the request name a client?", No),
        (
            "[OAuth2CodeParser] Invalid format of the code\n".to_owned() + &event("CODE_TO_TOKEN_ERROR", "null", "", "error=\"invalid_code\""),
            Cause::CodeMalformed,
            "Could the code be read?",
            No,
        ),
        (event("CODE_TO_TOKEN_ERROR", "null", "no=such=id", &format!("error=\"invalid_code\", {CODE}")), Cause::CodeMalformed, "Could the code be read?", No),
        (
            code("u", "error=\"invalid_client\", reason=\"Auth error: Found different client_id in clientSession\""),
            Cause::CodeOfOtherClient,
            "Is the code this client's?",
            No,
        ),
        (
            event("CODE_TO_TOKEN_ERROR", "null", "", "error=\"invalid_code\", reason=\"Missing parameter: code\""),
            Cause::CodeMissing,
            "Does the request have a code?",
            No,
        ),
        (login("error=\"client_not_found\""), Cause::ClientNotFound, "Does the realm have that client?", CannotTell),
        (login("error=\"client_disabled\""), Cause::ClientDisabled, "Is the client enabled?", No),
        (
            event("LOGIN_ERROR", "u", "", "error=\"invalid_user_credentials\", grant_type=\"password\""),
            Cause::UserCredentials,
            "Were the user's name and password accepted?",
            No,
        ),
        (code("u", "error=\"user_disabled\""), Cause::UserDisabled, "Is the user enabled?", No),
        (
            event("OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR", "null", "", "error=\"expired_oauth2_device_code\""),
            Cause::DeviceCodeInvalid,
            "Is the device code known, and within its time?",
            No,
        ),
        (event("TOKEN_EXCHANGE_ERROR", "null", "", "error=\"invalid_request\""), Cause::TokenExchangeDenied, "Was the exchange allowed?", No),
        (code("u", "error=\"not_allowed\""), Cause::GrantNotAllowed, "May the client use this grant?", No),
        (event("NEW_GRANT_ERROR", "u", "", "error=\"no_idea\", grant_type=\"new\""), Cause::Unclassified, "Does a rule say what it means?", Known),
    ];
    for (text, cause, question, answer) in &table {
        let walks = walked(text);
        let [Walk { subject: Subject::Failure, finding: Some(finding), steps, .. }] = walks.as_slice() else { panic!("{text}: {walks:#?}") };
        let last = steps.last().expect("a step");
        assert_eq!((finding.cause, last.question, last.answer), (*cause, *question, *answer), "{text}");
    }
    for cause in Cause::ALL {
        // a reuse takes a second use, and what is not logged cannot be pasted
        let excepted = matches!(cause, Cause::CodeReused | Cause::Unlogged);
        assert_eq!(table.iter().any(|row| row.1 == cause), !excepted, "{cause}");
    }
}

#[test]
fn a_login_and_a_use_before_answer_what_one_line_cannot() {
    let field = |kind: &str, rest: &str| event(kind, "u", SESSION, rest);
    let gone = format!("Code 'c0de' already used for userSession '{SESSION}' and client '41ac5afa'.");
    let failed = head("22,304", "org.keycloak.protocol.oidc.utils.OAuth2CodeParser", &gone)
        + &head("22,306", "org.keycloak.events", &event("CODE_TO_TOKEN_ERROR", "null", SESSION, &format!("error=\"invalid_code\", {CODE}")));
    // without the server's start an earlier code of this session could be missing
    let started = head("19,000", "io.quarkus", "Keycloak 26.7.3 on JVM (powered by Quarkus 3.33.3.1) started in 4.4s. Listening on: http://0.0.0.0:8080");
    let text = started
        + &head("20,000", "org.keycloak.events", &field("LOGIN", "response_type=\"code\""))
        + &head("20,100", "org.keycloak.events", &field("CODE_TO_TOKEN", CODE))
        + &failed;
    let walks = walked(&text);
    let walk = &walks[0];
    let answers: Vec<(&str, Answer, Vec<u64>)> = walk.steps.iter().map(|s| (s.question, s.answer, s.evidence.iter().map(|e| e.line).collect())).collect();
    assert_eq!(
        answers,
        [
            ("Was it a refresh?", No, vec![5]),
            ("Could the client be authenticated?", Yes, vec![5]),
            ("Could the code be read?", Yes, vec![4]),
            ("Is the session alive?", Yes, vec![4]),
            ("Was this code used before?", Yes, vec![3]),
            ("How old was the code?", Known, vec![2, 5]),
        ]
    );
    assert_eq!(
        (walk.line, walk.rule.as_deref(), walk.about.as_str()),
        (5, Some("code-gone"), "CODE_TO_TOKEN_ERROR invalid_code, client web-portal, session 8BR2w40p…")
    );
    assert_eq!(walk.finding.as_ref().map(|f| f.cause), Some(Cause::CodeReused));
    assert!(walk.steps[4].evidence[0].what.starts_with("CODE_TO_TOKEN 2.2 s earlier"), "{:?}", walk.steps[4]);
    let json = serde_json::to_value(walk).expect("plain data");
    assert_eq!((&json["subject"], &json["steps"][5]["answer"]), (&"failure".into(), &"known".into()));
}

#[test]
fn what_one_line_cannot_tell_the_whole_log_may() {
    let gone = format!("[OAuth2CodeParser] Code 'c0de' already used for userSession '{SESSION}' and client '41ac5afa'.\n");
    let walks = walked(&(gone + &event("CODE_TO_TOKEN_ERROR", "null", SESSION, &format!("error=\"invalid_code\", {CODE}"))));
    let step = walks[0].steps.iter().find(|s| s.answer == CannotTell).expect("an open question");
    assert_eq!(step.would_tell.as_deref(), Some("the whole log: kctriage scan server.log --session 8BR2w40p"));
    assert_eq!(walks[0].so, "code expired or code reused: these lines cannot tell. Keycloak prints the same two lines for both (keycloak/keycloak#29506).");
}

#[test]
fn a_session_that_is_an_attackers_text_is_no_part_of_a_command() {
    for id in ["$(reboot)aaaaaaaa", "a;b c d e f g h", "-rf /////////////", "short", "ééééééééééé"] {
        let gone = format!("[OAuth2CodeParser] Code 'c0de' already used for userSession '{id}' and client '41ac5afa'.\n");
        for w in walked(&(gone + &event("CODE_TO_TOKEN_ERROR", "null", id, "error=\"invalid_code\""))) {
            for would in w.steps.iter().filter_map(|s| s.would_tell.as_deref()) {
                assert!(!would.contains("--session"), "{would}");
            }
        }
    }
}

#[test]
fn lines_that_are_no_failure_are_told_for_what_they_are() {
    let events = |message: &str| head("22,306", "org.keycloak.events", message);
    let table: Vec<(String, Subject, &str)> = vec![
        (events(&event("LOGIN", "u", SESSION, "response_type=\"code\"")), Subject::Success, "LOGIN, client web-portal"),
        (event("LOGIN_ERROR", "u", "", "error=\"invalid_user_credentials\""), Subject::ErrorElsewhere, "LOGIN_ERROR, client web-portal"),
        (head("22,304", "org.keycloak.protocol.oidc.utils.OAuth2CodeParser", "Invalid format of the code"), Subject::Companion, "Invalid format of the code"),
        (
            events(
                "operationType=\"DELETE\", realmId=\"m\", clientId=\"c\", userId=\"u\", ipAddress=\"i\", resourceType=\"USER_SESSION\", resourcePath=\"sessions/8BR2w40p\"",
            ),
            Subject::Admin,
            "DELETE sessions/8BR2w40p",
        ),
        (head("22,304", "io.quarkus", "Keycloak stopped in 1.218s"), Subject::Life, "Keycloak stopped in 1.218s"),
        (r#"{"error":"invalid_grant","error_description":"Code not valid"}"#.to_owned(), Subject::Answer, "Code not valid"),
        (head("22,304", "org.keycloak.services", "KC-SERVICES0009: Added user"), Subject::Record, "KC-SERVICES0009: Added user"),
        ("all is well".to_owned(), Subject::Unknown, "all is well"),
    ];
    for (text, subject, about) in table {
        let walks = walked(&text);
        assert_eq!(walks.iter().map(|w| (w.line, w.subject, w.about.as_str())).collect::<Vec<_>>(), [(1, subject, about)], "{text}");
        assert!(walks[0].steps.is_empty() && walks[0].finding.is_none() && walks[0].so.ends_with('.'), "{walks:?}");
    }
    assert!(walked("").is_empty() && walked("\n \n").is_empty());
    let companion = walked(&head("22,304", "org.keycloak.protocol.oidc.utils.OAuth2CodeParser", "Invalid format of the code"));
    assert!(companion[0].so.contains("executor-thread-1"), "{companion:?}");
}

#[test]
fn json_lines_are_walked_and_a_time_without_a_date_is_not_made_up() {
    let json = format!(
        "{{\"timestamp\":\"2026-11-23T14:48:22.306Z\",\"loggerName\":\"org.keycloak.events\",\"level\":\"WARN\",\"threadName\":\"t\",\"message\":{}}}",
        serde_json::to_string(&event("CODE_TO_TOKEN_ERROR", "u", SESSION, "error=\"invalid_redirect_uri\"")).expect("a string")
    );
    let finding = |text: &str| walked(text)[0].finding.clone().expect("a finding");
    assert_eq!(finding(&json).trust, crate::finding::Trust::Json);
    assert!(finding(&json).time.is_some());
    let console = "15:01:38,460 WARN  [org.keycloak.events] (default task-2) type=CODE_TO_TOKEN_ERROR, realmId=r, clientId=c, userId=u, ipAddress=10.0.0.4, error=user_disabled";
    assert_eq!(finding(console).time, None);
}

#[test]
fn a_users_rule_is_named() {
    let user = Rules::parse(
        "[[rule]]\nid = \"quota\"\ntitle = \"t\"\nerror = [\"quota_exceeded\"]\ncause = \"grant-not-allowed\"\nwhy = \"the quota plug-in refused it\"",
    )
    .expect("a table");
    let text = event("CODE_TO_TOKEN_ERROR", "u", SESSION, "error=\"quota_exceeded\"");
    let walks = walk(text.as_bytes(), &Rules::builtin().preceded_by(user), None);
    let last = walks[0].steps.last().expect("a step");
    assert_eq!((walks[0].rule.as_deref(), last.evidence[0].what.as_str()), (Some("quota"), "the quota plug-in refused it"));
}
