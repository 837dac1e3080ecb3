//! The wrappers that are known: names, what they are, and an example of each.
//!
//! Data only; the grammars are in the modules beside it.

/// A wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the rows of ALL say what each is
pub enum Kind {
    Docker,
    Cri,
    Compose,
    Kubectl,
    Kail,
    Logcli,
    FluentdFile,
    FluentBitFile,
    AwsText,
    AwsTail,
    Journald,
    Syslog,
    Stern,
    SternAll,
    Timestamps,
    JournaldJson,
    FluentBit,
    Vector,
    SternJson,
    Loki,
    CloudWatch,
    Gcp,
    Elasticsearch,
    Azure,
    Splunk,
    Gelf,
    Firelens,
    Json,
    Csv,
    SyslogOctets,
    JournalExport,
    Events,
    Format,
}

/// How a wrapper is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A prefix before each line.
    Prefix,
    /// One JSON object a line.
    Objects,
    /// JSON that has to be read from its beginning.
    Document,
    /// Rows and columns.
    Table,
    /// Frames with lengths.
    Frames,
}

/// A row of the table of wrappers.
#[derive(Debug)]
pub struct Wrapper {
    /// Which.
    pub kind: Kind,
    /// What `--layout` takes.
    pub name: &'static str,
    /// What writes it.
    pub about: &'static str,
    /// The beginning of such a source.
    pub example: &'static str,
    /// Its lines can name several nodes, or come newest first.
    pub mixed: bool,
    /// How it is read; JSON may be objects or a document, which its beginning shows.
    pub form: Form,
}

/// Every wrapper. Of two that explain a source equally well the first is taken.
pub const ALL: &[Wrapper] = &[
    row(
        Kind::Docker,
        "docker",
        "Docker's json-file driver",
        r#"{"log":"2026-03-04 10:15:23,456 INFO  […\n","stream":"stdout","time":"2026-03-04T10:15:23.457Z"}"#,
        false,
        Form::Objects,
    ),
    row(
        Kind::Cri,
        "cri",
        "containerd and CRI-O, below /var/log/pods",
        "2026-03-04T10:15:23.457Z stdout F 2026-03-04 10:15:23,456 INFO  […",
        false,
        Form::Prefix,
    ),
    row(Kind::Compose, "compose", "docker compose logs", "keycloak-1  | 2026-03-04 10:15:23,456 INFO  […", true, Form::Prefix),
    row(Kind::Kubectl, "kubectl", "kubectl or oc logs --prefix", "[pod/keycloak-0/keycloak] 2026-03-04 10:15:23,456 INFO  […", true, Form::Prefix),
    row(Kind::Kail, "kail", "kail", "iam/keycloak-0@keycloak: 2026-03-04 10:15:23,456 INFO  […", true, Form::Prefix),
    row(Kind::Logcli, "logcli", "Loki's logcli", r#"2026-03-04T10:15:23Z {pod="keycloak-0"} 2026-03-04 10:15:23,456 INFO  […"#, true, Form::Prefix),
    row(Kind::FluentdFile, "fluentd", "Fluentd's out_file and stdout", "2026-03-04T10:15:23+00:00\tkubernetes.keycloak-0\t{\"log\":\"…\"}", true, Form::Prefix),
    row(Kind::FluentBitFile, "fluent-bit-file", "Fluent Bit's out_file", r#"kube.keycloak-0: [1772619323.457, {"log":"…"}]"#, true, Form::Prefix),
    row(
        Kind::AwsText,
        "cloudwatch-text",
        "aws logs … --output text",
        "EVENTS\t0\t1772619325930\tecs/keycloak/0123\t2026-03-04 10:15:23,456 INFO  […\t1772619323457",
        true,
        Form::Prefix,
    ),
    row(
        Kind::AwsTail,
        "cloudwatch-tail",
        "aws logs tail",
        "2026-03-04T10:15:23.457000+00:00 ecs/keycloak/0123 2026-03-04 10:15:23,456 INFO  […",
        true,
        Form::Prefix,
    ),
    row(
        Kind::Journald,
        "journald",
        "journalctl -o short, short-iso, short-full and their kin",
        "Mar 04 10:15:23 kc-1 kc.sh[812]: 2026-03-04 10:15:23,456 INFO  […",
        true,
        Form::Prefix,
    ),
    row(
        Kind::Syslog,
        "syslog",
        "RFC 3164 and 5424, and the files of rsyslog",
        "<14>1 2026-03-04T10:15:23.456Z kc-1 keycloak 1 org.keycloak.events - 2026-03-04 10:15:23,456 INFO  […",
        true,
        Form::Prefix,
    ),
    row(Kind::Stern, "stern", "stern", "keycloak-0 keycloak 2026-03-04 10:15:23,456 INFO  […", true, Form::Prefix),
    row(Kind::SternAll, "stern-all", "stern --all-namespaces", "iam keycloak-0 keycloak 2026-03-04 10:15:23,456 INFO  […", true, Form::Prefix),
    row(
        Kind::Timestamps,
        "timestamps",
        "docker logs or kubectl logs --timestamps, S3 exports of CloudWatch",
        "2026-03-04T10:15:23.457000000Z 2026-03-04 10:15:23,456 INFO  […",
        false,
        Form::Prefix,
    ),
    row(
        Kind::JournaldJson,
        "journald-json",
        "journalctl -o json",
        r#"{"MESSAGE":"2026-03-04 10:15:23,456 INFO  […","_HOSTNAME":"kc-1","__REALTIME_TIMESTAMP":"1772619323457000"}"#,
        true,
        Form::Objects,
    ),
    row(Kind::Firelens, "firelens", "AWS FireLens", r#"{"container_id":"0123","container_name":"/ecs-kc","source":"stdout","log":"…"}"#, true, Form::Objects),
    row(
        Kind::FluentBit,
        "fluent-bit",
        "Fluent Bit's JSON lines",
        r#"{"date":1772619323.457,"log":"…","kubernetes":{"pod_name":"keycloak-0"}}"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::Vector,
        "vector",
        "Vector's JSON",
        r#"{"message":"…","kubernetes":{"pod_name":"keycloak-0"},"source_type":"kubernetes_logs","timestamp":"…"}"#,
        true,
        Form::Objects,
    ),
    row(Kind::SternJson, "stern-json", "stern -o json, extjson", r#"{"message":"…","podName":"keycloak-0","containerName":"keycloak"}"#, true, Form::Objects),
    row(
        Kind::Loki,
        "loki",
        "Loki's API and logcli -o jsonl",
        r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"pod":"keycloak-0"},"values":[["1772619323457000000","…"]]}]}}"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::CloudWatch,
        "cloudwatch",
        "aws logs filter-log-events, get-log-events, Firehose",
        r#"{"events":[{"logStreamName":"ecs/keycloak/0123","timestamp":1772619323457,"message":"…"}]}"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::Gcp,
        "gcp",
        "gcloud logging read, sinks of Cloud Logging",
        r#"[{"insertId":"x1","logName":"projects/p/logs/stdout","resource":{"labels":{"pod_name":"keycloak-0"}},"textPayload":"…"}]"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::Elasticsearch,
        "elasticsearch",
        "hits of Elasticsearch and OpenSearch",
        r#"{"hits":{"hits":[{"_index":"filebeat","_source":{"message":"…","kubernetes":{"pod":{"name":"keycloak-0"}}}}]}}"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::Azure,
        "azure",
        "Log Analytics of Azure",
        r#"{"TimeGenerated":"2026-03-04T10:15:23.457Z","PodName":"keycloak-0","LogMessage":"…"}"#,
        true,
        Form::Objects,
    ),
    row(Kind::Splunk, "splunk", "JSON exports of Splunk, HEC", r#"{"preview":false,"result":{"_raw":"…","_time":"…","host":"kc-1"}}"#, true, Form::Objects),
    row(
        Kind::Gelf,
        "gelf",
        "GELF of Graylog: Docker's driver, Keycloak's own (18 to 25), Graylog's messages as JSON",
        r#"{"version":"1.1","host":"kc-1","short_message":"…","timestamp":1772619323.457}"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::Json,
        "json",
        "any other JSON that holds Keycloak's lines, or Keycloak's own JSON over several lines",
        r#"{"message":"2026-03-04 10:15:23,456 INFO  […"}"#,
        true,
        Form::Objects,
    ),
    row(
        Kind::Csv,
        "csv",
        "CSV with a column of messages: Kibana, Splunk, Graylog, Grafana, Azure, CloudWatch Insights",
        "\"@timestamp\",message\n\"…\",\"…\"",
        true,
        Form::Table,
    ),
    row(
        Kind::SyslogOctets,
        "syslog-octets",
        "syslog over TCP with octet counting (RFC 6587)",
        "161 <14>1 2026-03-04T10:15:23.456Z kc-1 keycloak 1 org.keycloak.events - 2026-03-04 10:15:23,456 INFO  […",
        true,
        Form::Frames,
    ),
    row(
        Kind::JournalExport,
        "journal-export",
        "journalctl -o export",
        "__REALTIME_TIMESTAMP=1772619323457000\n_HOSTNAME=kc-1\nMESSAGE=2026-03-04 10:15:23,456 INFO  […",
        true,
        Form::Frames,
    ),
    row(
        Kind::Events,
        "events",
        "events out of Keycloak's store: the admin API's JSON, tables as CSV",
        r#"[{"time":1772619323456,"type":"LOGIN_ERROR","realmId":"…","error":"…"}]"#,
        true,
        Form::Document,
    ),
    row(
        Kind::Format,
        "format",
        "a log format of the server's own: found out, or given as the server got it, '%d{HH:mm:ss} %-5p [%t] %c - %s%e%n'",
        "10:15:23 INFO  [executor-thread-1] org.keycloak.events - type=…",
        false,
        Form::Prefix,
    ),
];

const fn row(kind: Kind, name: &'static str, about: &'static str, example: &'static str, mixed: bool, form: Form) -> Wrapper {
    Wrapper { kind, name, about, example, mixed, form }
}

/// Returns the wrapper of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Wrapper> {
    ALL.iter().find(|w| w.name == name)
}

impl Kind {
    /// Returns its row in the table.
    #[must_use]
    pub fn row(self) -> &'static Wrapper {
        ALL.iter().find(|w| w.kind == self).unwrap_or(&ALL[0])
    }

    /// Whether a line without the wrapper goes on with the entry before: the wrapper prints an entry's later lines bare.
    #[must_use]
    pub fn goes_on_bare(self) -> bool {
        matches!(self, Kind::Logcli | Kind::Journald | Kind::Syslog | Kind::AwsTail | Kind::AwsText)
    }
}
