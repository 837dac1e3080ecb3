use super::super::{parse as list, parse_next};
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
            assert_eq!(e.text(Field::IpAddress).as_deref(), Some("10.0.0.1"), "{line}");
            assert_eq!(e.text(Field::Error).as_deref(), Some("user_not_found"), "{line}");
            if e.trust == Trust::Quoted {
                assert_eq!(e.text(Field::ClientId).as_deref(), Some(*client), "{line}");
                assert_eq!(e.text(Field::Username).as_deref(), Some(*username), "{line}");
            }
        }
    }
}

/// What lists are made of, and what can be read in two ways.
const PARTS: [&str; 9] = [", userId=\"x\"", ", ipAddress=\"1\"", ", error=\"e\"", ", userId=u", ", ipAddress=1, error=e", ", a=\"", "\"", ",", "' not found."];

/// Keys of which some are asked for, one is long, and one too long to be remembered.
const KEYS: [&str; 9] =
    ["type", "realmId", "clientId", "ipAddress", "auth_method", "updated_refresh_token_id", "a_key_of_a_length_that_no_server_prints", "error", "username"];

proptest::proptest! {
    #[test]
    fn whatever_is_encoded_is_read_back_or_said_to_be_ambiguous(client in "[a\\\\\", =x]{0,12}", username in "[a\\\\\", =x\u{e9}]{0,12}") {
        let line = encoded(&client, &username);
        let e = list(line.as_bytes()).expect("an event list");
        proptest::prop_assert_eq!(e.text(Field::IpAddress), Some("10.0.0.1".into()));
        if e.trust == Trust::Quoted {
            proptest::prop_assert_eq!(e.text(Field::ClientId).unwrap_or_default(), client);
            proptest::prop_assert_eq!(e.text(Field::Username).unwrap_or_default(), username);
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
    fn what_was_read_before_makes_no_difference(lists in proptest::collection::vec((proptest::sample::subsequence(KEYS.to_vec(), 0..KEYS.len()), 0usize..4, "[a\\\\\", =x\u{e9}]{0,40}"), 1..12), quote in proptest::sample::select(vec!['"', '\'', '-'])) {
        let mut course = Course::default();
        for (keys, odd, value) in lists {
            let pairs: Vec<_> = keys.iter().enumerate().map(|(i, key)| (*key, if i == odd { value.as_str() } else { "v" })).collect();
            let line = encode(&pairs).replace('"', &quote.to_string());
            let (fresh, next) = (list(line.as_bytes()), parse_next(line.as_bytes(), &mut course));
            proptest::prop_assert_eq!(format!("{fresh:?}"), format!("{next:?}"), "{}", line);
        }
    }

    #[test]
    fn the_common_way_reads_what_the_other_reads(parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..8), value in "[a,]{0,40}") {
        let line = format!("type=\"{value}\"{}", parts.concat());
        let (message, mut fields) = (line.as_bytes(), Fields::default());
        if plain(message, b"type", 6, b'"', &mut Course::default(), &mut fields).is_some() {
            let other = Reading::of(message, 6, b'"').fields(b"type", 6);
            proptest::prop_assert_eq!(format!("{other:?}"), format!("{:?}", Some((fields, Trust::Quoted, false))));
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
    assert_eq!((e.text(Field::Username).as_deref(), e.cut), (Some("u"), false));
}

#[test]
fn a_cut_line_keeps_what_came_before_the_cut() {
    let line = encoded("web", "a long name");
    let full = line.len();
    for end in 8..full {
        let e = list(&line.as_bytes()[..end]);
        if let Some(e) = e {
            assert!(e.text(Field::ClientId).is_none_or(|c| c == "web"), "{end}");
            assert!(e.text(Field::IpAddress).is_none_or(|c| c == "10.0.0.1"), "{end}");
        }
    }
}

#[test]
fn a_field_built_against_backtracking_is_read_in_linear_time() {
    let evil = "\\\", a=\"".repeat(30_000);
    let line = encoded(&evil, "u");
    let e = list(line.as_bytes()).expect("an event list");
    assert_eq!(e.text(Field::IpAddress).as_deref(), Some("10.0.0.1"));
}

#[test]
fn another_quote_and_admin_events_are_read() {
    let e = list(b"type='X', realmId='r', clientId='c', userId='null', ipAddress='1.2.3.4'").expect("an event list");
    assert_eq!((e.text(Field::ClientId).as_deref(), e.text(Field::UserId), e.trust), (Some("c"), None, Trust::Quoted));
    let e = list(br#"operationType="DELETE", realmId="r", resourcePath="sessions/x""#).expect("an admin event");
    assert_eq!((e.operation(), e.text(Field::ResourcePath).as_deref()), (Some(&b"DELETE"[..]), Some("sessions/x")));
}
