use super::*;
use crate::signal::event::Field;

const LIST: &str = r#"type="CODE_TO_TOKEN_ERROR", realmId="r", clientId="web", userId="null", sessionId="s", ipAddress="10.0.0.1", error="invalid_code", code_id="s", grant_type="authorization_code""#;

#[test]
fn the_api_the_tables_and_the_webhooks_say_the_same() {
    let table = [
        r#"{"id":"i","time":1795453608500,"type":"CODE_TO_TOKEN_ERROR","realmId":"r","clientId":"web","userId":null,"sessionId":"s","ipAddress":"10.0.0.1","error":"invalid_code","details":{"grant_type":"authorization_code","code_id":"s"}}"#,
        r#"{"details":{"code_id":"s","grant_type":"authorization_code"},"error":"invalid_code","ipAddress":"10.0.0.1","sessionId":"s","clientId":"web","realmId":"r","type":"CODE_TO_TOKEN_ERROR","time":"1795453608500"}"#,
        r#"{"ID":"i","CLIENT_ID":"web","DETAILS_JSON":"","ERROR":"invalid_code","IP_ADDRESS":"10.0.0.1","REALM_ID":"r","SESSION_ID":"s","EVENT_TIME":"1795453608500","TYPE":"CODE_TO_TOKEN_ERROR","USER_ID":"","DETAILS_JSON_LONG_VALUE":"{\"code_id\":\"s\",\"grant_type\":\"authorization_code\"}"}"#,
        r#"{"id":"i","client_id":"web","details_json":"{\"code_id\":\"s\",\"grant_type\":\"authorization_code\"}","error":"invalid_code","ip_address":"10.0.0.1","realm_id":"r","session_id":"s","event_time":"1795453608500","type":"CODE_TO_TOKEN_ERROR","user_id":null,"details_json_long_value":null}"#,
        r#"{"uid":"u","time":1795453608500,"realmId":"r","type":"access.CODE_TO_TOKEN_ERROR","error":"invalid_code","operationType":null,"authDetails":{"realmId":"r","clientId":"web","userId":null,"ipAddress":"10.0.0.1","sessionId":"s"},"details":{"code_id":"s","grant_type":"authorization_code"}}"#,
    ];
    for line in table {
        let record = parse(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(String::from_utf8_lossy(&record.message), LIST, "{line}");
        assert_eq!((record.at, &*record.stamp_text), (Stamp::Zoned(1_795_453_608_500), &b"1795453608500"[..]), "{line}");
    }
}

#[test]
fn details_may_be_null_or_missing_and_times_may_be_stamps() {
    for details in ["", r#","details":null"#, r#","details":"""#, r#","details":[]"#] {
        let line = format!(r#"{{"@timestamp":"2026-11-23T17:06:48.5Z","type":"LOGIN","realmId":"r","clientId":"web"{details}}}"#);
        let record = parse(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(&*record.message, br#"type="LOGIN", realmId="r", clientId="web", userId="null", ipAddress="null""#);
        assert_eq!(record.at, Stamp::Zoned(1_795_453_608_500));
    }
    let timeless = parse(br#"{"type":"LOGIN","realmId":"r","userId":"u"}"#).expect("an event");
    assert_eq!(timeless.at, Stamp::Unknown);
}

#[test]
fn admin_events_name_what_was_changed() {
    let table = [
        (
            r#"{"time":1,"realmId":"shop-id","authDetails":{"realmId":"m","clientId":"c","userId":"u","ipAddress":"i"},"operationType":"DELETE","resourceType":"USER_SESSION","resourcePath":"sessions/abc"}"#,
            r#"resourceType="USER_SESSION", resourcePath="sessions/abc""#,
        ),
        (
            r#"{"ADMIN_EVENT_TIME":"1","REALM_ID":"shop-id","AUTH_CLIENT_ID":"c","AUTH_USER_ID":"u","IP_ADDRESS":"i","OPERATION_TYPE":"UPDATE","RESOURCE_TYPE":"REALM","RESOURCE_PATH":"","ERROR":""}"#,
            r#"resourceType="REALM", resourcePath="shop-id""#,
        ),
        (
            r#"{"time":1,"type":"admin.CLIENT-UPDATE","realmId":"shop-id","authDetails":{"clientId":"c","userId":"u","ipAddress":"i"},"operationType":"UPDATE","resourceType":"CLIENT","resourcePath":"clients/u-1"}"#,
            r#"resourceType="CLIENT", resourcePath="clients/u-1""#,
        ),
    ];
    for (line, end) in table {
        let record = parse(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        let message = String::from_utf8_lossy(&record.message).into_owned();
        assert!(message.starts_with("operationType=\"") && message.contains(r#"realmId="shop-id", clientId="c", userId="u", ipAddress="i""#), "{message}");
        assert!(message.ends_with(end), "{message}");
    }
}

#[test]
fn what_a_client_wrote_stays_inside_its_value() {
    use crate::signal::event;
    for client in [r"x\", r#"x", ipAddress="9.9.9.9"#, "x\nuserId=\"y\"", r#"x\", userId="null", ipAddress="9.9.9.9"#, "\u{85}", "a\tb"] {
        let line = serde_json::json!({"time": 1, "type": "CLIENT_LOGIN_ERROR", "realmId": "r", "clientId": client, "ipAddress": "10.0.0.1", "error": "client_not_found"});
        let record = parse(line.to_string().as_bytes()).expect("an event");
        let list = event::parse(&record.message).expect("a list");
        assert_eq!(list.trust, crate::finding::Trust::Quoted, "{client:?}");
        assert_eq!(list.text(Field::IpAddress).as_deref(), Some("10.0.0.1"), "{client:?}");
        assert_eq!(list.text(Field::ClientId).as_deref(), Some(&*client.replace(['\n', '\t'], " ")), "{client:?}");
    }
}

#[test]
fn other_objects_are_no_events() {
    let table = [
        r#"{"type":"ERROR","time":1,"error":"x"}"#,
        r#"{"type":"LOGIN","realmId":"r"}"#,
        r#"{"type":"login","realmId":"r","clientId":"c"}"#,
        r#"{"type":{"a":1},"realmId":"r","clientId":"c"}"#,
        r#"{"type":"LOGIN","realmId":"r","clientId":"c""#,
        r#"{"type":"LOGIN","realmId":"r","clientId":"c","clientId":"d"}"#,
        r#"{"operationType":"UPDATE","realmId":"r"}"#,
        r#"{"a":1}"#,
        "{}",
        "[]",
    ];
    for line in table {
        assert!(parse(line.as_bytes()).is_none(), "{line}");
    }
}
