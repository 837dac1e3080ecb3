//! Lines of the programs' documentation and of real runs.

use super::*;

const PATH: &str = "/realms/shop/protocol/openid-connect/token";

/// Address, status, bytes, whether the time was read.
fn parts(line: &str) -> Option<(Option<String>, u16, Option<u64>, bool)> {
    read(line.as_bytes())?.token().map(|a| (a.address.map(String::from), a.status, a.bytes, a.at != Stamp::Unknown))
}

#[test]
fn the_formats_of_servers_and_proxies_are_read() {
    let common = "[23/Nov/2026:15:45:18 +0000]";
    let table = [
        ("keycloak, common", format!("10.0.0.4 - - {common} \"POST {PATH} HTTP/1.1\" 400 62"), "10.0.0.4", Some(62)),
        ("keycloak, no body", format!("10.0.0.4 - - {common} \"POST {PATH} HTTP/1.1\" 400 -"), "10.0.0.4", None),
        ("quarkus, for keycloak 20.0.3", format!("10.0.0.4 - - 30/Nov/2026:02:11:49 +0000 \"POST {PATH} HTTP/1.1\" 400 62"), "10.0.0.4", Some(62)),
        ("combined", format!("10.0.0.4 - bob [23/Nov/2026:15:45:18 +0100] \"POST /auth{PATH} HTTP/2.0\" 400 62 \"-\" \"curl/8\""), "10.0.0.4", Some(62)),
        ("apache, virtual host", format!("sso.example:443 10.0.0.4 - - {common} \"POST {PATH} HTTP/1.1\" 400 62 \"-\" \"x\""), "10.0.0.4", Some(62)),
        ("a user with blanks", format!("10.0.0.4 - 9.9.9.9 [x] y {common} \"POST {PATH} HTTP/1.1\" 400 62"), "10.0.0.4", Some(62)),
        (
            "traefik",
            format!("fd00::4 - - {common} \"POST {PATH}?x=1 HTTP/1.1\" 400 62 \"-\" \"-\" 7 \"kc@docker\" \"http://10.1.1.1:8080\" 5ms"),
            "fd00::4",
            Some(62),
        ),
        (
            "envoy",
            format!("[2026-11-23T15:45:18.123Z] \"POST {PATH} HTTP/1.1\" 400 - 154 62 5 4 \"10.0.0.4\" \"curl\" \"id\" \"sso\" \"10.1.1.1:8080\""),
            "10.0.0.4",
            Some(62),
        ),
        (
            "haproxy",
            format!(
                "Feb  6 12:14:14 lb haproxy[14389]: 10.0.0.4:33317 [06/Feb/2026:12:14:14.655] in kc/kc1 10/0/30/69/109 400 362 - - ---- 1/1/1/1/0 0/0 \"POST {PATH} HTTP/1.1\""
            ),
            "10.0.0.4",
            None,
        ),
        ("another pattern: what the number is, nobody says", format!("10.0.0.4 \"POST {PATH} HTTP/1.1\" 400 62"), "10.0.0.4", None),
        (
            "nginx json",
            format!(
                r#"{{"time_iso8601":"2026-11-23T15:45:18+00:00","remote_addr":"10.0.0.4","request":"POST {PATH} HTTP/1.1","status":"400","body_bytes_sent":"62"}}"#
            ),
            "10.0.0.4",
            Some(62),
        ),
        (
            "nginx json with headers in the size",
            format!(
                r#"{{"msec":"1795103118.123","time":"1795103118.123","remote_addr":"10.0.0.4","request":"POST {PATH} HTTP/1.1","status":400,"bytes_sent":362}}"#
            ),
            "10.0.0.4",
            None,
        ),
        (
            "traefik json",
            format!(
                r#"{{"ClientAddr":"10.0.0.4:1","ClientHost":"10.0.0.4","DownstreamContentSize":62,"DownstreamStatus":400,"RequestMethod":"POST","RequestPath":"{PATH}","StartUTC":"2026-11-23T15:45:18.1Z","level":"info"}}"#
            ),
            "10.0.0.4",
            Some(62),
        ),
        (
            "envoy json",
            format!(
                r#"{{"start_time":"2026-11-23T15:45:18.123Z","method":"POST","path":"{PATH}","response_code":400,"bytes_sent":62,"downstream_remote_address":"10.0.0.4:3123"}}"#
            ),
            "10.0.0.4",
            Some(62),
        ),
        (
            "caddy",
            format!(
                r#"{{"level":"info","ts":1795103118.123,"logger":"http.log.access","request":{{"remote_ip":"10.0.0.4","method":"POST","uri":"{PATH}"}},"size":62,"status":400}}"#
            ),
            "10.0.0.4",
            Some(62),
        ),
    ];
    for (name, line, address, bytes) in table {
        let timed = !name.starts_with("another");
        assert_eq!(parts(&line), Some((Some(address.to_owned()), 400, bytes, timed)), "{name}");
    }
}

#[test]
fn times_are_read_with_their_zone() {
    let at = |line: &str| read(line.as_bytes()).and_then(Entry::token).expect("a token request").at;
    let line = |stamp: &str| format!("10.0.0.4 - - [{stamp}] \"POST {PATH} HTTP/1.1\" 400 62");
    assert_eq!(at(&line("23/Nov/2026:15:45:18 +0100")), at(&line("23/Nov/2026:14:45:18 +0000")));
    assert_eq!(at(&line("23/Nov/2026:15:45:18.250 +0000")), at(&line("2026-11-23T15:45:18.250Z")));
    assert!(matches!(at(&line("23/Nov/2026:15:45:18")), Stamp::Local(_)));
}

#[test]
fn what_a_client_writes_moves_nothing() {
    let table = [
        format!("10.0.0.4 - - [23/Nov/2026:15:45:18 +0000] \"POST {PATH} HTTP/1.1\" 400 62 \"-\" \"x\\\" 401 75 \\\"\""),
        format!("10.0.0.4 - a\\x22POST [23/Nov/2026:15:45:18 +0000] \"POST {PATH} HTTP/1.1\" 400 62 \"\" 401 75 \"\""),
        format!("10.0.0.4 - - [23/Nov/2026:15:45:18 +0000] \"POST {PATH}?\"401 HTTP/1.1\" 400 62"),
    ];
    for line in table {
        assert_eq!(parts(&line), Some((Some("10.0.0.4".to_owned()), 400, Some(62), true)), "{line}");
    }
}

#[test]
fn other_requests_and_other_lines_are_told_apart() {
    let common = |request: &str| format!("10.0.0.4 - - [23/Nov/2026:15:45:18 +0000] \"{request}\" 400 62");
    for request in
        [format!("GET {PATH} HTTP/1.1"), format!("POST {PATH}/introspect HTTP/1.1"), format!("OPTIONS {PATH} HTTP/1.1"), "POST / HTTP/1.1".to_owned()]
    {
        assert_eq!(read(common(&request).as_bytes()), Some(Entry::Other), "{request}");
    }
    for line in [
        "\tat org.keycloak.Foo(Foo.java:1)",
        "2026-11-23 15:45:18,123 INFO  [org.acme] (t) \"POST\"",
        "",
        "{\"timestamp\":\"2026-11-23T15:45:18Z\",\"loggerName\":\"a\",\"message\":\"m\"}",
        "\"POST",
    ] {
        assert_eq!(read(line.as_bytes()), None, "{line}");
    }
}
