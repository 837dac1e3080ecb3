//! Under which names log stores and shippers keep the line, the node and the time.
//!
//! Data, and the order in which it is asked: a pod before a container before a host.

/// Names of the line, those of an untouched line first; a dot leads into an object, or is part of the name.
pub(super) const PAYLOAD: &[&str] = &[
    "log",
    "log.original",
    "event.original",
    "_raw",
    "MESSAGE",
    "textPayload",
    "line",
    "Log",
    "Log_s",
    "LogMessage",
    "LogEntry",
    "LogEntry_s",
    "full_message",
    "short_message",
    "@message",
    "message",
    "msg",
    "Message",
    "jsonPayload",
    "structured",
    "log_processed",
    "json",
    "event",
    "content",
    "body",
    "text",
    "Line",
    "value",
];

/// How many of [`PAYLOAD`] hold a line as it was written, whatever stands beside them.
pub(super) const UNTOUCHED: usize = 3;

/// Names of the node.
pub(super) const NODE: &[&str] = &[
    "kubernetes.pod_name",
    "kubernetes.pod.name",
    "k8s.pod.name",
    "podName",
    "PodName",
    "PodName_s",
    "pod",
    "pod_name",
    "resource.labels.pod_name",
    "labels.pod",
    "labels.pod_name",
    "fields.pod",
    "ContainerGroupName",
    "ContainerGroupName_s",
    "logStreamName",
    "logStream",
    "@logStream",
    "CONTAINER_NAME",
    "container_name",
    "container.name",
    "containerName",
    "_container_name",
    "kubernetes.container_name",
    "kubernetes.container.name",
    "ContainerName",
    "ContainerName_s",
    "container",
    "container_id",
    "ContainerID",
    "ContainerId",
    "_HOSTNAME",
    "hostname",
    "host.name",
    "host.hostname",
    "host",
    "Computer",
    "instance",
];

/// Names of the time.
pub(super) const TIME: &[&str] =
    &["__REALTIME_TIMESTAMP", "time", "@timestamp", "timestamp", "date", "_time", "TimeGenerated", "TimeGenerated [UTC]", "TimeStamp", "ts"];

/// Says how good a name of the node is; the lowest is best.
pub(super) fn node_rank(key: &str) -> Option<usize> {
    NODE.iter().position(|k| *k == key)
}
