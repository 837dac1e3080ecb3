use super::super::parse as list;
use super::*;

/// A port of the server's encoder (`JBossLoggingEventListenerProvider.sanitize`): white space becomes a blank, `"` becomes `\"`.
fn encode(pairs: &[(&str, &str)]) -> String {
    let value = |v: &str| v.chars().map(|c| if c.is_whitespace() || c == '\u{a0}' { ' ' } else { c }).collect::<String>().replace('"', "\\\"");
    pairs.iter().map(|(k, v)| format!("{k}=\"{}\"", value(v))).collect::<Vec<_>>().join(", ")
}

fn event(client: &str, username: &str) -> Vec<(&'static str, String)> {
    vec![
        ("type", "LOGIN_ERROR".into()),
        ("realmId", "r".into()),
        ("realmName", "shop".into()),
        ("clientId", client.into()),
        ("userId", "null".into()),
        ("ipAddress", "10.0.0.1".into()),
        ("error", "user_not_found".into()),
        ("grant_type", "password".into()),
        ("username", username.into()),
    ]
}

fn encoded(client: &str, username: &str) -> String {
    let e = event(client, username);
    encode(&e.iter().map(|(k, v)| (*k, v.as_str())).collect::<Vec<_>>())
}

const HOSTILE: &[&str] = &[
    "x\\",
    "x\\\"",
    "x\", ipAddress=\"9.9.9.9",
    "x\", ipAddress=\"9.9.9.9\", error=\"invalid_code",
    "x', ipAddress='9.9.9.9",
    "x, ipAddress=9.9.9.9, error=none",
    "x\", userId=",
    "x\", userId=\"",
    "\\\", userId=\"null\\\", ipAddress=\"9.9.9.9\\",
    "\", requestUri=",
    "x\\\", requestUri=/a, cookies=[",
    "\"",
    "\\",
    "",
    "a=b, c=\"d\"",
];

#[test]
fn an_attackers_text_never_moves_the_address() {
    for client in HOSTILE {
        for username in HOSTILE {
            let line = encoded(client, username);
            let e = list(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(e.text("ipAddress").as_deref(), Some("10.0.0.1"), "{line}");
            assert_eq!(e.text("error").as_deref(), Some("user_not_found"), "{line}");
            if e.trust == Trust::Quoted {
                assert_eq!(e.text("clientId").as_deref(), Some(*client), "{line}");
                assert_eq!(e.text("username").as_deref(), Some(*username), "{line}");
            }
        }
    }
}

/// What lists are made of, and what can be read in two ways.
const PARTS: [&str; 9] = [", userId=\"x\"", ", ipAddress=\"1\"", ", error=\"e\"", ", userId=u", ", ipAddress=1, error=e", ", a=\"", "\"", ",", "' not found."];

proptest::proptest! {
    #[test]
    fn whatever_is_encoded_is_read_back_or_said_to_be_ambiguous(client in "[a\\\\\", =x]{0,12}", username in "[a\\\\\", =x\u{e9}]{0,12}") {
        let line = encoded(&client, &username);
        let e = list(line.as_bytes()).expect("an event list");
        proptest::prop_assert_eq!(e.text("ipAddress"), Some("10.0.0.1".into()));
        if e.trust == Trust::Quoted {
            proptest::prop_assert_eq!(e.text("clientId").unwrap_or_default(), client);
            proptest::prop_assert_eq!(e.text("username").unwrap_or_default(), username);
        }
    }

    #[test]
    fn a_list_that_ends_once_ends_as_nothing_else(parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..8), quote in proptest::sample::select(vec!['"', '\'', '-', '7'])) {
        let line = format!("type={quote}X{quote}{}", parts.concat()).replace('"', &quote.to_string());
        if list(line.as_bytes()).is_some_and(|e| e.ends_once) {
            proptest::prop_assert!(super::super::tail(line.as_bytes()).is_none(), "{}", line);
            proptest::prop_assert!(!line.ends_with("' not found.") && !line.ends_with("'."), "{}", line);
        }
    }

    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
        let mut line = b"type=\"X\", ".to_vec();
        line.extend(bytes);
        let _ = list(&line);
    }
}

#[test]
fn a_trace_tail_ends_the_list() {
    let line = format!("{}, requestUri=http://x/?a=\"b\", cookies=[a=b, c=\"d\"]", encoded("web", "u"));
    let e = list(line.as_bytes()).expect("an event list");
    assert_eq!((e.text("username").as_deref(), e.cut), (Some("u"), false));
}

#[test]
fn a_cut_line_keeps_what_came_before_the_cut() {
    let line = encoded("web", "a long name");
    let full = line.len();
    for end in 8..full {
        let e = list(&line.as_bytes()[..end]);
        if let Some(e) = e {
            assert!(e.text("clientId").is_none_or(|c| c == "web"), "{end}");
            assert!(e.text("ipAddress").is_none_or(|c| c == "10.0.0.1"), "{end}");
        }
    }
}

#[test]
fn a_field_built_against_backtracking_is_read_in_linear_time() {
    let evil = "\\\", a=\"".repeat(30_000);
    let line = encoded(&evil, "u");
    let e = list(line.as_bytes()).expect("an event list");
    assert_eq!(e.text("ipAddress").as_deref(), Some("10.0.0.1"));
}

#[test]
fn another_quote_and_admin_events_are_read() {
    let e = list(b"type='X', realmId='r', clientId='c', userId='null', ipAddress='1.2.3.4'").expect("an event list");
    assert_eq!((e.text("clientId").as_deref(), e.text("userId"), e.trust), (Some("c"), None, Trust::Quoted));
    let e = list(br#"operationType="DELETE", realmId="r", resourcePath="sessions/x""#).expect("an admin event");
    assert_eq!((e.operation(), e.text("resourcePath").as_deref()), (Some(&b"DELETE"[..]), Some("sessions/x")));
}
