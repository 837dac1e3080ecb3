//! Each wrapper on samples of what its tool writes.

use std::io::Cursor;

use super::*;
use crate::source::Payload;

/// An entry that came out: node, time, line, text.
pub(super) type Entry = (Option<String>, Option<i64>, u64, String);

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
        ("journald", "Mar  4 10:15:23 keycloak-0 keycloak[1] \u{feff}", Some("keycloak-0"), None),
        ("journald", "2026-03-04T11:15:23.457789+01:00 keycloak-0 keycloak[1] \u{feff}", Some("keycloak-0"), Some(AT)),
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
            let stack = if *name == "logcli" { S } else { S };
            assert_eq!((&entries[1].0, &*entries[1].3), (&node.map(str::to_owned), stack), "{prefix}");
        }
    }
}

#[test]
fn objects_give_their_line_with_its_node_and_time() {
    let t = quoted(T);
    let (tn, j) = (quoted(&format!("{T}\n")), quoted(J));
    let bytes = serde_json::to_string(&T.bytes().collect::<Vec<_>>()).expect("numbers");
    let table: Vec<(&str, String, Option<&str>, Option<i64>)> = vec![
        ("docker", format!(r#"{{"log":{tn},"stream":"stdout","attrs":{{"KC_HOSTNAME":"id.example","app":"keycloak"}},"time":"2026-03-04T10:15:23.457Z"}}"#), None, Some(AT)),
        ("docker", format!(r#"{{"stream":"stdout","log":{tn},"time":"2026-03-04T10:15:23.457Z"}}"#), None, Some(AT)),
        ("journald-json", format!(r#"{{"SYSLOG_IDENTIFIER":"kc.sh","MESSAGE":{t},"_HOSTNAME":"kc-1","__REALTIME_TIMESTAMP":"1772619323457000"}}"#), Some("kc-1"), Some(AT)),
        ("journald-json", format!(r#"data: {{"MESSAGE":{bytes},"_HOSTNAME":"kc-1","__REALTIME_TIMESTAMP":"1772619323457000"}}"#), Some("kc-1"), Some(AT)),
        ("journald-json", format!("\x1e{{\"CONTAINER_NAME\":\"kc\",\"MESSAGE\":{t},\"_HOSTNAME\":\"kc-1\",\"__REALTIME_TIMESTAMP\":\"1772619323457000\"}}"), Some("kc"), Some(AT)),
        ("firelens", format!(r#"{{"container_id":"0123","container_name":"/ecs-kc-1-keycloak","source":"stdout","log":{t},"ecs_cluster":"prod"}}"#), Some("ecs-kc-1-keycloak"), None),
        ("fluent-bit", format!(r#"{{"date":1772619323.457,"log":{tn},"stream":"stdout","logtag":"F","kubernetes":{{"pod_name":"keycloak-0","container_name":"keycloak","host":"w1"}}}}"#), Some("keycloak-0"), Some(AT)),
        ("fluent-bit", format!(r#"{{"time":"2026-03-04T10:15:23.457Z","stream":"stdout","_p":"F","log":{t},"kubernetes":{{"pod_name":"keycloak-0"}}}}"#), Some("keycloak-0"), Some(AT)),
        ("fluentd", format!("2026-03-04T10:15:23.457+00:00\tkubernetes.var.log.containers.keycloak-0_iam_keycloak-0123.log\t{{\"log\":{tn},\"stream\":\"stdout\"}}"), Some("keycloak-0"), Some(AT)),
        ("fluentd", format!("2026-03-04 12:15:23.457000000 +0200 a.b: {{\"log\":{tn}}}"), None, Some(AT)),
        ("fluent-bit-file", format!("kube.kc: [1772619323.457, {{\"log\":{tn}}}]"), None, Some(AT)),
        ("fluent-bit-file", format!("kube.kc: [[1772619323.457000000, {{}}], {{\"log\":{tn},\"kubernetes\":{{\"pod_name\":\"kc-0\"}}}}]"), Some("kc-0"), Some(AT)),
        ("vector", format!(r#"{{"file":"/var/log/pods/iam_keycloak-0_u/keycloak/0.log","kubernetes":{{"container_name":"keycloak","pod_name":"keycloak-0","pod_namespace":"iam"}},"message":{t},"source_type":"kubernetes_logs","stream":"stdout","timestamp":"2026-03-04T10:15:23.457Z"}}"#), Some("keycloak-0"), Some(AT)),
        ("stern-json", format!(r#"{{"message":{t},"nodeName":"worker-1","namespace":"iam","podName":"keycloak-1","containerName":"keycloak","labels":{{"app":"keycloak"}},"annotations":null}}"#), Some("keycloak-1"), None),
        ("stern-json", format!(r#"{{"pod": "keycloak-0", "container": "keycloak", "message": {t}}}"#), Some("keycloak-0"), None),
        ("loki", format!(r#"{{"labels":{{"pod":"keycloak-0","host":"w"}},"line":{t},"timestamp":"2026-03-04T10:15:23.457000002Z"}}"#), Some("keycloak-0"), Some(AT)),
        ("gcp", format!(r#"{{"insertId":"x1","logName":"projects/p/logs/stdout","resource":{{"labels":{{"container_name":"keycloak","pod_name":"keycloak-0"}},"type":"k8s_container"}},"textPayload":{tn},"timestamp":"2026-03-04T10:15:23.457Z"}}"#), Some("keycloak-0"), Some(AT)),
        ("elasticsearch", format!(r#"{{"_index":"filebeat","_id":"a1","_score":1,"_source":{{"@timestamp":"2026-03-04T10:15:23.457Z","message":{t},"kubernetes":{{"pod":{{"name":"keycloak-0"}},"container":{{"name":"keycloak"}}}},"stream":"stdout"}}}}"#), Some("keycloak-0"), Some(AT)),
        ("elasticsearch", format!(r#"{{"_index":"f","_source":{{"@timestamp":"2026-03-04T10:15:23.457Z","message":"parsed","event":{{"original":{t}}},"host":{{"name":"w1"}}}}}}"#), Some("w1"), Some(AT)),
        ("azure", format!(r#"{{"TimeGenerated":"2026-03-04T10:15:23.457Z","Computer":"aks-np-1","ContainerName":"keycloak","PodName":"keycloak-0","LogSource":"stdout","LogMessage":{t}}}"#), Some("keycloak-0"), Some(AT)),
        ("splunk", format!(r#"{{"preview":false,"offset":0,"result":{{"_time":"2026-03-04 10:15:23.457 UTC","host":"keycloak-0","_raw":{t}}}}}"#), Some("keycloak-0"), Some(AT)),
        ("splunk", format!(r#"{{"time":1772619323.457,"host":"kc-1","sourcetype":"x","event":{{"line":{t},"source":"stdout","tag":"t"}}}}"#), Some("kc-1"), Some(AT)),
        ("gelf", format!(r#"{{"version":"1.1","host":"kc-host-1","short_message":{t},"timestamp":1772619323.457,"level":6,"_container_name":"keycloak"}}"#), Some("keycloak"), Some(AT)),
        ("json", format!(r#"{{"msg":{t}}}"#), None, None),
        ("cri in elasticsearch", format!(r#"{{"_index":"f","_source":{{"message":{},"host":"w1"}}}}"#, quoted(&format!("2026-03-04T10:15:23.457Z stdout F {T}"))), Some("w1"), Some(AT)),
        ("docker in cri", format!("2026-03-04T10:15:23.999Z stdout F {{\"log\":{tn},\"stream\":\"stdout\",\"time\":\"2026-03-04T10:15:23.457Z\"}}"), None, Some(AT)),
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
        ("json", format!(r#"{{"structured":{J},"kubernetes":{{"pod_name":"keycloak-0"}}}}"#).replace("\"kubernetes\":{\"pod_name\"", "\"resource.labels\":{\"pod\"").replace("resource.labels", "labels")),
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
