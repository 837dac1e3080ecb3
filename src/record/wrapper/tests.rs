//! Each wrapper on samples of what its tool writes.

use std::io::Cursor;

use super::*;
use crate::source::Payload;

/// An entry that came out: node, time, line, text.
type Entry = (Option<String>, Option<i64>, u64, String);

/// Nodes and lines that are expected.
type Places = Vec<(Option<&'static str>, u64)>;

/// Entries that are expected: node, line, text.
type Wanted = Vec<(Option<&'static str>, u64, String)>;

/// Keycloak's text.
const T: &str = r#"2026-03-04 10:15:23,456 INFO  [org.keycloak.events] (executor-thread-12) type="LOGIN", realmId="a1b2", realmName="shop", clientId="web", username="o\"neil""#;

/// Keycloak's JSON.
const J: &str = r#"{"timestamp":"2026-03-04T10:15:23.456789Z","sequence":9608,"loggerClassName":"org.jboss.logging.Logger","loggerName":"org.keycloak.events","level":"INFO","message":"type=\"LOGIN\", clientId=\"web\"","threadName":"executor-thread-12","threadId":61,"mdc":{},"ndc":"","hostName":"keycloak-0","processName":"java","processId":1}"#;

/// A line of a stack trace.
const S: &str = "\tat org.keycloak.services.Foo.bar(Foo.java:42)";

fn run(wrapping: &Wrapping, source: &[u8], told: &Told) -> (Vec<Entry>, io::Result<()>) {
    let mut entries = Vec::new();
    let mut out = |p: Payload<'_>| {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        entries.push((p.node.map(text), p.time, p.line, text(p.text)));
    };
    let mut result = Ok(());
    match unwrapper(wrapping, told) {
        Some(Unwrapper::Lines(mut lines)) => {
            let source = source.strip_suffix(b"\n").unwrap_or(source);
            for (line, number) in source.split(|c| *c == b'\n').zip(1..) {
                lines.take(line, number, &mut out);
            }
            lines.finish(&mut out);
        }
        Some(Unwrapper::Document(mut document)) => result = document.read(&mut Cursor::new(source), &mut out),
        None => panic!("{} has no unwrapper", wrapping.name),
    }
    (entries, result)
}

/// Finds out the wrapper and takes it off.
fn taken_off(source: &str) -> (String, Vec<Entry>) {
    let told = Told::default();
    let wrapping = wrapping(source.as_bytes(), true, &told).unwrap_or_else(|| panic!("nothing found in {source}"));
    let (entries, result) = run(&wrapping, source.as_bytes(), &told);
    result.unwrap_or_else(|e| panic!("{e}: {source}"));
    (wrapping.name, entries)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

/// 2026-03-04T10:15:23.457Z
const AT: i64 = 1_772_619_323_457;

#[test]
fn prefixes_come_off_with_their_node_and_time() {
    let second = Some(AT - 457);
    let table: &[(&str, &str, Option<&str>, Option<i64>)] = &[
        ("cri", "2026-03-04T10:15:23.457Z stdout F ", None, Some(AT)),
        ("cri", "2026-03-04T11:15:23.45700001+01:00 stderr F:some:tags ", None, Some(AT)),
        ("cri", "2026-03-04T10:15:23.457794202Z stdout ", None, Some(AT)),
        ("timestamps", "2026-03-04T10:15:23.457000000Z ", None, Some(AT)),
        ("timestamps", "2026-03-04T10:15:23 ", None, second),
        ("compose", "keycloak-1  | ", Some("keycloak-1"), None),
        ("compose", "keycloak-1  | 2026-03-04T10:15:23.457000000Z ", Some("keycloak-1"), Some(AT)),
        ("compose", "\x1b[33mkeycloak-2  | \x1b[0m", Some("keycloak-2"), None),
        ("compose", "\x1b[36mkeycloak_1  |\x1b[0m ", Some("keycloak_1"), None),
        ("kubectl", "[pod/keycloak-1/keycloak] ", Some("keycloak-1"), None),
        ("kubectl", "[pod/keycloak-1/keycloak] 2026-03-04T10:15:23.457002Z ", Some("keycloak-1"), Some(AT)),
        ("stern", "keycloak-0 keycloak ", Some("keycloak-0"), None),
        ("stern", "keycloak-0 keycloak 2026-03-04T10:15:23.457000000Z ", Some("keycloak-0"), Some(AT)),
        ("stern", "keycloak-0 keycloak 03-04 10:15:23 ", Some("keycloak-0"), None),
        ("stern", "\x1b[93mkeycloak-0\x1b[0m \x1b[33mkeycloak\x1b[0m ", Some("keycloak-0"), None),
        ("stern-all", "iam keycloak-0 keycloak ", Some("keycloak-0"), None),
        ("kail", "iam/keycloak-0@keycloak: ", Some("keycloak-0"), None),
        ("kail", "iam/keycloak-0[keycloak]: ", Some("keycloak-0"), None),
        ("journald", "Mar 04 10:15:23 kc-host-1 kc.sh[812]: ", Some("kc-host-1"), None),
        ("journald", "Mar 04 10:15:23.457000 kc-host-1 kc.sh[812]: ", Some("kc-host-1"), None),
        ("journald", "2026-03-04T10:15:23+0000 kc-host-1 kc.sh[812]: ", Some("kc-host-1"), second),
        ("journald", "2026-03-04T10:15:23.457000+00:00 kc-host-1 kc.sh[812]: ", Some("kc-host-1"), Some(AT)),
        ("journald", "Wed 2026-03-04 10:15:23 UTC kc-host-1 kc.sh[812]: ", Some("kc-host-1"), second),
        ("journald", "Wed 2026-03-04 10:15:23 CET kc-host-1 kc.sh[812]: ", Some("kc-host-1"), None),
        ("journald", "1772619323.457000 kc-host-1 kc.sh[812]: ", Some("kc-host-1"), Some(AT)),
        ("journald", "[    1.000000] kc-host-1 kc.sh[812]: ", Some("kc-host-1"), None),
        ("syslog", "Mar  4 10:15:23 keycloak-0 keycloak[1] \u{feff}", Some("keycloak-0"), None),
        ("syslog", "2026-03-04T11:15:23.457789+01:00 keycloak-0 keycloak[1] \u{feff}", Some("keycloak-0"), Some(AT)),
        ("syslog", "<14>1 2026-03-04T10:15:23.457+00:00 keycloak-0 keycloak 1 org.keycloak.events - \u{feff}", Some("keycloak-0"), Some(AT)),
        ("syslog", "<14>1 - - keycloak 1 - [a@1 k=\"v\\\"]\"][b] ", None, None),
        ("syslog", "<14>Mar  4 10:15:23 keycloak-0 keycloak[1]: ", Some("keycloak-0"), None),
        ("syslog", "<14>2026-03-04T10:15:23.457+00:00 keycloak-0 keycloak[1]: ", Some("keycloak-0"), Some(AT)),
        ("logcli", "2026-03-04T10:15:23Z {pod=\"keycloak-0\"}  ", Some("keycloak-0"), second),
        ("logcli", "2026-03-04T10:15:23Z {container=\"kc\", note=\"a\\\"}\", pod=\"keycloak-0\"} ", Some("keycloak-0"), second),
        ("logcli", "2026-03-04T11:15:23+01:00 {} ", None, second),
        ("cloudwatch-tail", "2026-03-04T10:15:23.457000+00:00 ecs/keycloak/0123abcd ", Some("ecs/keycloak/0123abcd"), Some(AT)),
    ];
    for (name, prefix, node, time) in table {
        for payload in [T, J] {
            let (found, entries) = taken_off(&format!("{prefix}{payload}\n{prefix}{S}\n"));
            assert_eq!(found, *name, "{prefix}");
            assert_eq!(entries[0], (node.map(str::to_owned), *time, 1, payload.to_owned()), "{prefix}");
            assert_eq!((&entries[1].0, &*entries[1].3), (&node.map(str::to_owned), S), "{prefix}");
        }
    }
}

#[test]
fn objects_give_their_line_with_its_node_and_time() {
    let t = quoted(T);
    let (tn, j) = (quoted(&format!("{T}\n")), quoted(J));
    let bytes = serde_json::to_string(&T.bytes().collect::<Vec<_>>()).expect("numbers");
    let table: Vec<(&str, String, Option<&str>, Option<i64>)> = vec![
        (
            "docker",
            format!(r#"{{"log":{tn},"stream":"stdout","attrs":{{"KC_HOSTNAME":"id.example","app":"keycloak"}},"time":"2026-03-04T10:15:23.457Z"}}"#),
            None,
            Some(AT),
        ),
        ("docker", format!(r#"{{"stream":"stdout","log":{tn},"time":"2026-03-04T10:15:23.457Z"}}"#), None, Some(AT)),
        (
            "journald-json",
            format!(r#"{{"SYSLOG_IDENTIFIER":"kc.sh","MESSAGE":{t},"_HOSTNAME":"kc-1","__REALTIME_TIMESTAMP":"1772619323457000"}}"#),
            Some("kc-1"),
            Some(AT),
        ),
        ("journald-json", format!(r#"data: {{"MESSAGE":{bytes},"_HOSTNAME":"kc-1","__REALTIME_TIMESTAMP":"1772619323457000"}}"#), Some("kc-1"), Some(AT)),
        (
            "journald-json",
            format!("\x1e{{\"CONTAINER_NAME\":\"kc\",\"MESSAGE\":{t},\"_HOSTNAME\":\"kc-1\",\"__REALTIME_TIMESTAMP\":\"1772619323457000\"}}"),
            Some("kc"),
            Some(AT),
        ),
        (
            "firelens",
            format!(r#"{{"container_id":"0123","container_name":"/ecs-kc-1-keycloak","source":"stdout","log":{t},"ecs_cluster":"prod"}}"#),
            Some("ecs-kc-1-keycloak"),
            None,
        ),
        (
            "fluent-bit",
            format!(
                r#"{{"date":1772619323.457,"log":{tn},"stream":"stdout","logtag":"F","kubernetes":{{"pod_name":"keycloak-0","container_name":"keycloak","host":"w1"}}}}"#
            ),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "fluent-bit",
            format!(r#"{{"time":"2026-03-04T10:15:23.457Z","stream":"stdout","_p":"F","log":{t},"kubernetes":{{"pod_name":"keycloak-0"}}}}"#),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "fluentd",
            format!("2026-03-04T10:15:23.457+00:00\tkubernetes.var.log.containers.keycloak-0_iam_keycloak-0123.log\t{{\"log\":{tn},\"stream\":\"stdout\"}}"),
            Some("keycloak-0"),
            Some(AT),
        ),
        ("fluentd", format!("2026-03-04 12:15:23.457000000 +0200 a.b: {{\"log\":{tn}}}"), None, Some(AT)),
        ("fluent-bit-file", format!("kube.kc: [1772619323.457, {{\"log\":{tn}}}]"), None, Some(AT)),
        (
            "fluent-bit-file",
            format!("kube.kc: [[1772619323.457000000, {{}}], {{\"log\":{tn},\"kubernetes\":{{\"pod_name\":\"kc-0\"}}}}]"),
            Some("kc-0"),
            Some(AT),
        ),
        (
            "vector",
            format!(
                r#"{{"file":"/var/log/pods/iam_keycloak-0_u/keycloak/0.log","kubernetes":{{"container_name":"keycloak","pod_name":"keycloak-0","pod_namespace":"iam"}},"message":{t},"source_type":"kubernetes_logs","stream":"stdout","timestamp":"2026-03-04T10:15:23.457Z"}}"#
            ),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "stern-json",
            format!(
                r#"{{"message":{t},"nodeName":"worker-1","namespace":"iam","podName":"keycloak-1","containerName":"keycloak","labels":{{"app":"keycloak"}},"annotations":null}}"#
            ),
            Some("keycloak-1"),
            None,
        ),
        ("stern-json", format!(r#"{{"pod": "keycloak-0", "container": "keycloak", "message": {t}}}"#), Some("keycloak-0"), None),
        (
            "loki",
            format!(r#"{{"labels":{{"pod":"keycloak-0","host":"w"}},"line":{t},"timestamp":"2026-03-04T10:15:23.457000002Z"}}"#),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "gcp",
            format!(
                r#"{{"insertId":"x1","logName":"projects/p/logs/stdout","resource":{{"labels":{{"container_name":"keycloak","pod_name":"keycloak-0"}},"type":"k8s_container"}},"textPayload":{tn},"timestamp":"2026-03-04T10:15:23.457Z"}}"#
            ),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "elasticsearch",
            format!(
                r#"{{"_index":"filebeat","_id":"a1","_score":1,"_source":{{"@timestamp":"2026-03-04T10:15:23.457Z","message":{t},"kubernetes":{{"pod":{{"name":"keycloak-0"}},"container":{{"name":"keycloak"}}}},"stream":"stdout"}}}}"#
            ),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "elasticsearch",
            format!(
                r#"{{"_index":"f","_source":{{"@timestamp":"2026-03-04T10:15:23.457Z","message":"parsed","event":{{"original":{t}}},"host":{{"name":"w1"}}}}}}"#
            ),
            Some("w1"),
            Some(AT),
        ),
        (
            "azure",
            format!(
                r#"{{"TimeGenerated":"2026-03-04T10:15:23.457Z","Computer":"aks-np-1","ContainerName":"keycloak","PodName":"keycloak-0","LogSource":"stdout","LogMessage":{t}}}"#
            ),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "splunk",
            format!(r#"{{"preview":false,"offset":0,"result":{{"_time":"2026-03-04 10:15:23.457 UTC","host":"keycloak-0","_raw":{t}}}}}"#),
            Some("keycloak-0"),
            Some(AT),
        ),
        (
            "splunk",
            format!(r#"{{"time":1772619323.457,"host":"kc-1","sourcetype":"x","event":{{"line":{t},"source":"stdout","tag":"t"}}}}"#),
            Some("kc-1"),
            Some(AT),
        ),
        (
            "gelf",
            format!(r#"{{"version":"1.1","host":"kc-host-1","short_message":{t},"timestamp":1772619323.457,"level":6,"_container_name":"keycloak"}}"#),
            Some("keycloak"),
            Some(AT),
        ),
        ("json", format!(r#"{{"msg":{t}}}"#), None, None),
        (
            "cri in elasticsearch",
            format!(r#"{{"_index":"f","_source":{{"message":{},"host":"w1"}}}}"#, quoted(&format!("2026-03-04T10:15:23.457Z stdout F {T}"))),
            Some("w1"),
            Some(AT),
        ),
        (
            "docker in cri",
            format!("2026-03-04T10:15:23.999Z stdout F {{\"log\":{tn},\"stream\":\"stdout\",\"time\":\"2026-03-04T10:15:23.457Z\"}}"),
            None,
            Some(AT),
        ),
    ];
    for (name, line, node, time) in table {
        let (found, entries) = taken_off(&format!("{line}\n"));
        assert_eq!(found, name, "{line}");
        assert_eq!(entries, [(node.map(str::to_owned), time, 1, T.to_owned())], "{line}");
        let as_json = line.replace(&tn, &j).replace(&t, &j);
        if as_json != line {
            assert_eq!(taken_off(&as_json).1, [(node.map(str::to_owned), time, 1, J.to_owned())], "{as_json}");
        }
    }
}

#[test]
fn objects_that_hold_a_record_as_an_object_give_it_as_one_line() {
    let table = [
        ("gcp", format!(r#"{{"insertId":"x1","logName":"l","jsonPayload":{J},"resource":{{"labels":{{"pod_name":"keycloak-0"}}}}}}"#)),
        ("stern-json", format!(r#"{{"pod": "keycloak-0", "container": "keycloak", "message": {J}}}"#)),
        ("azure", format!(r#"{{"PodName":"keycloak-0","LogMessage":{J}}}"#)),
        (
            "json",
            format!(r#"{{"structured":{J},"kubernetes":{{"pod_name":"keycloak-0"}}}}"#)
                .replace("\"kubernetes\":{\"pod_name\"", "\"resource.labels\":{\"pod\"")
                .replace("resource.labels", "labels"),
        ),
        ("fluent-bit", format!(r#"{{"date":1.7,"log_processed":{J},"log":"{{broken","kubernetes":{{"pod_name":"keycloak-0"}}}}"#)),
    ];
    for (name, line) in table {
        let (found, entries) = taken_off(&format!("{line}\n"));
        assert_eq!(found, name, "{line}");
        assert_eq!((entries[0].0.as_deref(), &*entries[0].3), (Some("keycloak-0"), J), "{line}");
    }
    // the keys lifted to the root
    let lifted = format!("{},\"stream\":\"stdout\",\"kubernetes\":{{\"pod_name\":\"keycloak-0\"}}}}", &J[..J.len() - 1]);
    let (found, entries) = taken_off(&lifted);
    assert_eq!((&*found, entries[0].0.as_deref(), &*entries[0].3), ("fluent-bit", Some("keycloak-0"), &*lifted));
}

/// What came out, without the times: node, line, text.
fn short(entries: &[Entry]) -> Vec<(Option<&str>, u64, &str)> {
    entries.iter().map(|e| (e.0.as_deref(), e.2, &*e.3)).collect()
}

#[test]
fn documents_give_their_entries_with_the_line_each_begins_on() {
    let t = quoted(T);
    let table: Vec<(&str, String, Places)> = vec![
        (
            "cloudwatch document",
            format!(
                "{{\n\"events\": [\n{{\"logStreamName\": \"ecs/kc/1\",\n\"timestamp\": 1772619323457,\"message\": {t},\"ingestionTime\": 1}},\n{{\"message\": {t},\"timestamp\": 1772619323457}}\n],\n\"searchedLogStreams\": [],\"nextToken\": \"x\"}}\n{{\"events\":[{{\"logStreamName\":\"b\",\"message\":{t}}}]}}"
            ),
            vec![(Some("ecs/kc/1"), 3), (None, 5), (Some("b"), 8)],
        ),
        (
            "cloudwatch document",
            format!(
                r#"{{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"ls","logEvents":[{{"id":"1","timestamp":1772619323457,"message":{t}}}]}}{{"messageType":"DATA_MESSAGE","logStream":"m","logEvents":[{{"message":{t}}}]}}"#
            ),
            vec![(Some("ls"), 1), (Some("m"), 1)],
        ),
        (
            "gcp document",
            format!(
                "[\n  {{\n    \"insertId\": \"x\",\n    \"resource\": {{\"labels\": {{\"pod_name\": \"kc-0\"}}}},\n    \"textPayload\": {t}\n  }},\n  {{\"insertId\": \"y\", \"jsonPayload\": {J}}}\n]"
            ),
            vec![(Some("kc-0"), 2), (None, 7)],
        ),
        (
            "loki document",
            format!(
                r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"pod":"kc-0"}},"values":[["1772619323457000000",{t}],["1772619323456000000",{t},{{"a":"b"}}]]}},{{"stream":{{"pod":"kc-1"}},"values":[["1772619323457000000",{t}]]}}],"stats":{{"x":{{"y":1}}}}}}}}"#
            ),
            vec![(Some("kc-0"), 1), (Some("kc-0"), 1), (Some("kc-1"), 1)],
        ),
        (
            "elasticsearch document",
            format!(
                r#"{{"took":3,"timed_out":false,"_shards":{{"total":1}},"hits":{{"total":{{"value":2}},"max_score":1,"hits":[{{"_index":"f","_source":{{"message":{t},"kubernetes":{{"pod":{{"name":"kc-0"}}}}}},"sort":[1]}},{{"_index":"f","_source":{{"log":{{"original":{t}}}}}}}]}}}}"#
            ),
            vec![(Some("kc-0"), 1), (None, 1)],
        ),
        (
            "azure document",
            format!(
                r#"{{"tables":[{{"name":"PrimaryResult","columns":[{{"name":"TimeGenerated","type":"datetime"}},{{"name":"PodName","type":"string"}},{{"name":"LogMessage","type":"dynamic"}}],"rows":[["2026-03-04T10:15:23.457Z","kc-0",{t}],["2026-03-04T10:15:23.457Z","kc-1",{t}]]}}]}}"#
            ),
            vec![(Some("kc-0"), 1), (Some("kc-1"), 1)],
        ),
        ("splunk document", format!("{{\"preview\":false,\"messages\":[],\n\"results\":[{{\"_raw\":{t},\"host\":\"kc-1\"}}]}}"), vec![(Some("kc-1"), 2)]),
        (
            "journald-json document",
            format!(
                "{{\n\t\"__REALTIME_TIMESTAMP\" : \"1772619323457000\",\n\t\"_HOSTNAME\" : \"kc-1\",\n\t\"MESSAGE\" : {t}\n}}\n{{\n\t\"MESSAGE\" : {t}\n}}"
            ),
            vec![(Some("kc-1"), 1), (None, 6)],
        ),
        ("json document", format!("Updating the configuration\n[\n{t},\n{t}\n]"), vec![(None, 1), (None, 3), (None, 4)]),
    ];
    for (name, source, want) in table {
        let (found, entries) = taken_off(&source);
        assert_eq!(found, name, "{source}");
        assert_eq!(entries.iter().map(|e| (e.0.as_deref(), e.2)).collect::<Vec<_>>(), want, "{source}");
        for entry in entries.iter().filter(|e| !e.3.starts_with("Updating")) {
            assert!(entry.3 == T || entry.3 == J, "{entry:?}");
        }
    }
}

#[test]
fn keycloaks_own_json_over_several_lines_becomes_a_line_a_record() {
    let value: serde_json::Value = serde_json::from_str(J).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    let (name, entries) = taken_off(&format!("{pretty}\n{pretty}\n"));
    assert_eq!((&*name, entries.len(), entries[1].2), ("json document", 2, 16));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&entries[1].3).expect("JSON"), value);
}

#[test]
fn a_damaged_document_gives_what_came_before_and_says_where_it_ends() {
    let t = quoted(T);
    let source = format!("{{\n\"events\":[\n{{\"message\":{t}}},\n{{\"message\":{t}}},\n{{\"message\" oops\n");
    let wrapping = Wrapping { name: "cloudwatch document".into(), mixed: true, zone_minutes: None };
    let (entries, result) = run(&wrapping, source.as_bytes(), &Told::default());
    assert_eq!(short(&entries), [(None, 3, T), (None, 4, T)]);
    assert_eq!(result.map_err(|e| e.to_string()), Err("no JSON from line 5 column 12 on: expected `:`".into()));
    for bomb in ["[", "{\"events\":", "{\"a\":["] {
        assert!(run(&wrapping, bomb.repeat(100_000).as_bytes(), &Told::default()).1.is_err(), "{bomb}");
    }
}

#[test]
fn tables_give_their_messages_and_several_lines_of_a_cell_together() {
    let t = T.replace('"', "\"\"");
    let table: Vec<(String, Wanted)> = vec![
        (
            format!("\"@timestamp\",message,\"kubernetes.pod.name\"\r\n\"Mar 4, 2026 @ 10:15:23.456\",\"{t}\",kc-0\r\n\"x\",\"'-- \",-\r\n"),
            vec![(Some("kc-0"), 2, T.into()), (None, 3, "-- ".into())],
        ),
        (
            format!(
                "\u{feff}\"timestamp\",\"source\",\"message\"\n\"2026-03-04T10:15:23.457Z\",\"kc-1\",\"{t}\n{S}\n\"\n\"2026-03-04T10:15:23.457Z\",\"kc-1\",\"{t}\"\n"
            ),
            vec![(Some("kc-1"), 2, format!("{T}\n{S}")), (Some("kc-1"), 5, T.into())],
        ),
        (format!("_time;host;_raw\n2026-03-04T10:15:23.457+0000;kc-1;\"{t}\"\n"), vec![(Some("kc-1"), 2, T.into())]),
        (format!("@timestamp,@message,@logStream\n2026-03-04 10:15:23.456,\"{t}\",s/1\n"), vec![(Some("s/1"), 2, T.into())]),
    ];
    for (source, want) in table {
        let (name, entries) = taken_off(&source);
        assert_eq!(name, "csv");
        let got: Vec<_> = entries.iter().map(|e| (e.0.as_deref(), e.2, e.3.clone())).collect();
        assert_eq!(got, want, "{source}");
    }
}

#[test]
fn a_column_or_key_that_a_person_names_is_taken() {
    let told = Told { field: Some("what".into()), ..Told::default() };
    let csv = format!("message,what\nnothing,\"{}\"\n", T.replace('"', "\"\""));
    let json = format!("{{\"message\":\"nothing\",\"what\":{}}}\n", quoted(T));
    for source in [csv, json] {
        let wrapping = wrapping(source.as_bytes(), true, &told).unwrap_or_else(|| panic!("{source}"));
        assert_eq!(run(&wrapping, source.as_bytes(), &told).0[0].3, T);
    }
}

#[test]
fn stored_events_become_an_object_a_line() {
    let event = r#"{"time":1772619323456,"type":"LOGIN_ERROR","realmId":"r","clientId":"web","ipAddress":"10.0.0.1","error":"e","details":{"a":"b"}}"#;
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(event).expect("JSON")).expect("JSON");
    for (source, lines) in [(format!("[{event},{event}]"), [1, 1]), (format!("[\n{pretty},\n{pretty}\n]"), [2, 13])] {
        let (name, entries) = taken_off(&source);
        assert_eq!(name, "events", "{source}");
        assert_eq!(entries.iter().map(|e| e.2).collect::<Vec<_>>(), lines);
        for entry in &entries {
            assert!(!entry.3.contains('\n') && serde_json::from_str::<serde_json::Value>(&entry.3).is_ok(), "{entry:?}");
        }
    }
    let (name, entries) =
        taken_off("ID,CLIENT_ID,ERROR,IP_ADDRESS,REALM_ID,EVENT_TIME,TYPE\n1,web,invalid_code,10.0.0.1,r,1772619323456,CODE_TO_TOKEN_ERROR\n");
    assert_eq!(name, "events");
    assert_eq!(
        entries[0].3,
        r#"{"ID":"1","CLIENT_ID":"web","ERROR":"invalid_code","IP_ADDRESS":"10.0.0.1","REALM_ID":"r","EVENT_TIME":"1772619323456","TYPE":"CODE_TO_TOKEN_ERROR"}"#
    );
}

#[test]
fn frames_are_read_by_their_lengths() {
    let message = format!("<11>1 2026-03-04T10:15:23.457Z keycloak-0 keycloak 1 a.b - \u{feff}{T}\n{S}\n");
    let source = format!("{0} {message}{0} {message}", message.len());
    let (name, entries) = taken_off(&source);
    assert_eq!(name, "syslog-octets");
    let text = format!("{T}\n{S}");
    assert_eq!(short(&entries), [(Some("keycloak-0"), 1, &*text), (Some("keycloak-0"), 3, &*text)]);

    let mut export = format!("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1772619323457000\n_HOSTNAME=kc-1\nMESSAGE={T}\n\n").into_bytes();
    export.extend_from_slice(b"__CURSOR=s=2\n_HOSTNAME=kc-1\nMESSAGE\n");
    export.extend_from_slice(&(S.len() as u64).to_le_bytes());
    export.extend_from_slice(format!("{S}\n\n").as_bytes());
    let wrapping = wrapping(&export, true, &Told::default()).expect("the export format");
    assert_eq!(wrapping.name, "journal-export");
    let (entries, result) = run(&wrapping, &export, &Told::default());
    assert!(result.is_ok());
    assert_eq!(short(&entries), [(Some("kc-1"), 1, T), (Some("kc-1"), 6, S)]);
}

#[test]
fn parts_of_a_line_are_joined_stream_by_stream() {
    let long = |a: &str| a.repeat(16_384);
    let lengths = |entries: &[Entry]| entries.iter().map(|e| (e.2, e.3.len())).collect::<Vec<_>>();
    let docker = |text: &str, stream: &str| format!("{{\"log\":{},\"stream\":\"{stream}\",\"time\":\"2026-03-04T10:15:23.457Z\"}}\n", quoted(text));
    let head = docker(&format!("{T}\n"), "stdout");
    let source =
        format!("{head}{}{}{}{}", docker(&long("x"), "stdout"), docker(&long("e"), "stderr"), docker(&format!("{T}\n"), "stdout"), docker("e\n", "stderr"));
    let (_, entries) = taken_off(&source);
    assert_eq!(lengths(&entries), [(1, T.len()), (2, 16_384 + T.len()), (3, 16_385)]);
    // a container that ended without a line feed: the next one begins a record
    let (_, entries) = taken_off(&format!("{head}{}{head}", docker("half", "stdout")));
    assert_eq!(short(&entries), [(None, 1, T), (None, 2, "half"), (None, 3, T)]);

    let cri = |tag: &str, text: &str| format!("2026-03-04T10:15:23.457Z stdout {tag} {text}\n");
    let (_, entries) =
        taken_off(&format!("{}{}{}2026-03-04T10:15:23.457Z stderr F other\n{}{}", cri("F", T), cri("P", "a"), cri("P", "b"), cri("F", T), cri("P", "end")));
    assert_eq!(short(&entries), [(None, 1, T), (None, 4, "other"), (None, 2, &*format!("ab{T}")), (None, 6, "end")]);

    let part = |text: &str, ordinal: u8, last: bool| {
        format!(
            "{{\"log\":{},\"container_id\":\"c\",\"source\":\"stdout\",\"partial_message\":\"true\",\"partial_id\":\"i\",\"partial_ordinal\":\"{ordinal}\",\"partial_last\":\"{last}\"}}\n",
            quoted(text)
        )
    };
    let wrapping = Wrapping { name: "firelens".into(), mixed: true, zone_minutes: None };
    let (entries, _) = run(&wrapping, format!("{}{}", part(&T[..40], 1, false), part(&T[40..], 2, true)).as_bytes(), &Told::default());
    assert_eq!(short(&entries), [(Some("c"), 1, T)]);
}

#[test]
fn lines_without_the_prefix_go_on_with_the_entry_before_where_the_tool_prints_them_so() {
    let loki = format!("2026-03-04T10:15:23Z {{pod=\"a\"}} {T}\n{S}\nCaused by: x\n2026-03-04T10:15:23Z {{pod=\"b\"}} {T}\n");
    assert_eq!(short(&taken_off(&loki).1), [(Some("a"), 1, T), (Some("a"), 2, S), (Some("a"), 3, "Caused by: x"), (Some("b"), 4, T)]);
    let prefix = "Mar 04 10:15:23 kc-1 kc.sh[812]: ";
    let journal = format!("-- Journal begins at Wed 2026-03-04 --\n{prefix}{T}\n{}        at x\n{}\n", " ".repeat(prefix.len()), "-- Boot 0123 --");
    assert_eq!(
        short(&taken_off(&journal).1),
        [(None, 1, "-- Journal begins at Wed 2026-03-04 --"), (Some("kc-1"), 2, T), (Some("kc-1"), 3, "        at x"), (Some("kc-1"), 4, "-- Boot 0123 --")]
    );
    let text = format!("EVENTS\t0\t1795449725600\tecs/kc/1\t{T}\t1772619323457\nEVENTS\t1\t1795449725600\tecs/kc/1\t{T}\n{S}\t1772619323457\n");
    let (name, entries) = taken_off(&text);
    assert_eq!((&*name, entries[0].1), ("cloudwatch-text", Some(AT)));
    assert_eq!(short(&entries), [(Some("ecs/kc/1"), 1, T), (Some("ecs/kc/1"), 2, T), (Some("ecs/kc/1"), 3, S)]);
}

#[test]
fn what_rsyslog_escaped_of_a_trace_is_undone_and_what_a_client_wrote_is_not() {
    let prefix = "Mar 14 10:15:23 keycloak-0 keycloak[1]: ";
    let table = [
        ("#012#011at x.y(Z.java:1)#012Caused by: q#012#011... 2 more#012", "\n\tat x.y(Z.java:1)\nCaused by: q\n\t... 2 more"),
        (" a#012#033[0m2026", " a#012\x1b[0m2026"),
        (" #12 # #011", " #12 # #011"),
        ("#012", ""),
    ];
    for (written, want) in table {
        let (name, entries) = taken_off(&format!("{prefix}{T}{written}\n{prefix}{T}#012#011at\n"));
        assert_eq!((&*name, &*entries[0].3), ("syslog", &*format!("{T}{want}")), "{written}");
    }
    let (_, entries) = taken_off(&format!("{prefix}{T} a#012{T}\n{prefix}#011at x\n"));
    assert_eq!(short(&entries)[..], [(Some("keycloak-0"), 1, &*format!("{T} a#012{T}")), (Some("keycloak-0"), 2, "\tat x")]);
}

#[test]
fn a_bare_log_stays_bare_whatever_a_client_writes_into_it() {
    let forged = [
        format!("keycloak-1  | {T}"),
        format!("2026-03-04T10:15:23.457Z stdout F {T}"),
        format!("{{\"log\":{},\"stream\":\"stdout\",\"time\":\"2026-03-04T10:15:23.457Z\"}}", quoted(T)),
        format!("message\n\"{}\"", T.replace('"', "\"\"")),
        format!("[\n{{\"message\":{}}}]", quoted(T)),
    ];
    for lines in forged {
        for source in [format!("{T}\n{lines}\n{lines}\n{T}\n"), format!("{J}\n{lines}\n{J}\n"), format!("{lines}\n{T}\n{T}\n{T}\n")] {
            assert_eq!(wrapping(source.as_bytes(), true, &Told::default()), None, "{source}");
        }
    }
    for source in [
        "",
        "\n\n",
        "hello\nworld\n",
        "{\"message\":\"hello\"}\n",
        "a,b\n1,2\n",
        "{",
        "[",
        "\0\0\0",
        "{\"log\":\"x\",\"message\":\"y\",\"loggerName\":\"l\"}\n",
    ] {
        assert_eq!(wrapping(source.as_bytes(), true, &Told::default()), None, "{source:?}");
    }
}

#[test]
fn a_bare_record_in_a_wrapped_source_is_handed_out_as_it_is() {
    let source = format!("keycloak-1  | {T}\nAttaching to keycloak-1\n{T}\nkeycloak-1  | {T}\n");
    assert_eq!(short(&taken_off(&source).1), [(Some("keycloak-1"), 1, T), (None, 2, "Attaching to keycloak-1"), (None, 3, T), (Some("keycloak-1"), 4, T)]);
}

#[test]
fn a_layout_that_a_person_names_is_believed() {
    let told = |name: &str| Told { layout: Some(name.into()), ..Told::default() };
    let bare = format!("{T}\n");
    assert_eq!(wrapping(format!("keycloak-1  | {T}\n").as_bytes(), true, &told("bare")), None);
    for wrapper in ALL {
        let found = wrapping(bare.as_bytes(), true, &told(wrapper.name)).unwrap_or_else(|| panic!("{}", wrapper.name));
        let is_named = found.name.starts_with(wrapper.name) || (wrapper.kind == Kind::Format && is_format(&found.name));
        assert!(is_named && unwrapper(&found, &told(wrapper.name)).is_some(), "{}", wrapper.name);
    }
}

#[test]
fn the_zone_is_what_all_lines_agree_on() {
    let line = |envelope: &str| format!("{envelope} stdout F {T}\n");
    let table: &[(&[&str], Option<i32>)] = &[
        (&["2026-03-04T10:15:23.5Z", "2026-03-04T10:15:24Z", "2026-03-04T10:16:00Z"], Some(0)),
        (&["2026-03-04T09:15:23.5Z", "2026-03-04T09:15:24Z", "2026-03-04T10:15:30+01:00"], Some(-60)),
        (&["2026-03-04T04:45:23.5Z", "2026-03-04T04:45:24Z", "2026-03-04T04:45:30Z"], Some(-330)),
        (&["2026-03-04T15:15:23.5Z", "2026-03-04T15:15:24Z", "2026-03-04T15:15:30Z"], Some(300)),
        (&["2026-03-04T09:15:23.5Z", "2026-03-04T09:15:24Z"], None),
        (&["2026-03-04T09:15:23.5Z", "2026-03-04T09:15:24Z", "2026-03-04T10:15:30Z"], None),
        (&["2026-03-04T09:21:23.5Z", "2026-03-04T09:21:24Z", "2026-03-04T09:21:30Z"], None),
        (&["2026-03-05T10:15:23Z", "2026-03-05T10:15:23Z", "2026-03-05T10:15:23Z"], None),
    ];
    for (times, want) in table {
        let source: String = times.iter().map(|t| line(t)).collect();
        assert_eq!(wrapping(source.as_bytes(), true, &Told::default()).and_then(|w| w.zone_minutes), *want, "{times:?}");
    }
}

#[test]
fn every_row_of_the_table_has_a_name_of_its_own_and_an_example_that_is_read() {
    for (at, wrapper) in ALL.iter().enumerate() {
        assert!(ALL[..at].iter().all(|w| w.name != wrapper.name && w.kind != wrapper.kind), "{}", wrapper.name);
        let wrapping = Wrapping { name: wrapper.name.into(), mixed: wrapper.mixed, zone_minutes: None };
        assert!(!run(&wrapping, wrapper.example.as_bytes(), &Told::default()).0.is_empty(), "{}", wrapper.name);
    }
}

#[test]
fn the_cut_beginning_of_a_long_source_is_enough() {
    let t = quoted(T);
    let es = format!(r#"{{"took":3,"hits":{{"hits":[{{"_index":"f","_source":{{"message":{t}}}}},{{"_index":"f","_source":{{"mess"#);
    let csv = format!("message\n\"{0}\"\n\"{0}\"\n\"{1}", T.replace('"', "\"\""), "2026");
    let cri = format!("2026-03-04T10:15:23.457Z stdout F {T}\n2026-03-04T10:15:23.457Z std");
    for (source, name) in [(es, "elasticsearch document"), (csv, "csv"), (cri, "cri")] {
        assert_eq!(wrapping(source.as_bytes(), false, &Told::default()).map(|w| w.name).as_deref(), Some(name), "{source}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_the_bytes_nothing_panics_and_no_line_is_lost(lines in proptest::collection::vec(proptest::prelude::any::<Vec<u8>>(), 0..6), kind in 0..ALL.len(), cut in 0usize..200) {
        let example = ALL[kind].example.as_bytes();
        let mut source = lines.join(&b'\n');
        source.extend_from_slice(&example[..example.len().min(cut)]);
        source.push(b'\n');
        let told = Told { layout: Some(ALL[kind].name.into()), ..Told::default() };
        let _ = wrapping(&source, true, &Told::default());
        let Some(wrapping) = wrapping(&source, true, &told) else { panic!("named") };
        let (entries, _) = run(&wrapping, &source, &told);
        if matches!(ALL[kind].form, Form::Prefix) {
            let lines = source[..source.len() - 1].split(|c| *c == b'\n').count();
            // parts that are joined are one entry
            proptest::prop_assert!(entries.len() == lines || ALL[kind].kind == Kind::Cri);
        }
    }
}
