use super::*;
use crate::source::Place;

fn source(name: &str, first: Option<i64>) -> Source {
    Source {
        newest_first: false,
        place: Place::File(name.into()),
        path: Some(name.into()),
        name: name.into(),
        size: 0,
        packed: false,
        modified: None,
        first,
        named: true,
        wrapping: None,
    }
}

fn ordered(mut sources: Vec<Source>) -> Vec<String> {
    in_order(&mut sources);
    sources.into_iter().map(|s| s.name).collect()
}

#[test]
fn rotation_suffixes_are_told_from_names() {
    let table = [
        ("server.log", "server.log"),
        ("server.log.1", "server.log"),
        ("server.log.12", "server.log"),
        ("server.log.3.gz", "server.log"),
        ("server.log.3.zip", "server.log"),
        ("server.log.2026-11-22", "server.log"),
        ("server.log.2026-11-22.2", "server.log"),
        ("server.log-20261122.zst", "server.log"),
        ("keycloak.log.2026-11-22_10", "keycloak.log"),
        ("node0.log", "node0.log"),
        ("node-1.log", "node-1.log"),
    ];
    for (name, want) in table {
        assert_eq!(base(Path::new(name)), Path::new(want), "{name}");
    }
}

#[test]
fn the_oldest_file_comes_first() {
    let unknown = None;
    assert_eq!(
        ordered(vec![source("s.log", unknown), source("s.log.1", unknown), source("s.log.10", unknown), source("s.log.2", unknown)]),
        ["s.log.10", "s.log.2", "s.log.1", "s.log"]
    );
    assert_eq!(ordered(vec![source("s.log.1", Some(50_000)), source("s.log", Some(30_000))]), ["s.log", "s.log.1"]);
    assert_eq!(ordered(vec![source("s.log.2", Some(1)), source("s.log.1", unknown), source("s.log", Some(3))]), ["s.log.2", "s.log.1", "s.log"]);
    // the names go the wrong way on the whole, and are believed where the times cannot tell
    assert_eq!(ordered(vec![source("s.log", Some(0)), source("s.log.2", Some(90_000)), source("s.log.1", Some(89_000))]), ["s.log", "s.log.2", "s.log.1"]);
}

#[test]
fn restarts_of_a_container_follow_each_other() {
    assert_eq!(
        ordered(["1.log", "10.log", "0.log", "2.log", "0.log.20261122-101010.gz"].map(|n| source(n, None)).into()),
        ["0.log.20261122-101010.gz", "0.log", "1.log", "2.log", "10.log"]
    );
}

fn nodes(paths: &[&str], find: &Find) -> Vec<(String, usize)> {
    streams(paths.iter().map(|p| source(p, None)).collect(), find).into_iter().map(|s| (s.node, s.sources.len())).collect()
}

fn want(nodes: &[(&str, usize)]) -> Vec<(String, usize)> {
    nodes.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect()
}

#[test]
fn nodes_are_named_as_shortly_as_they_can_be_told_apart() {
    let paths = ["/a/kc-0/server.log", "/a/kc-0/server.log.1", "/a/kc-1/server.log", "/a/x.log"];
    assert_eq!(nodes(&paths, &Find::default()), want(&[("kc-0/server.log", 2), ("kc-1/server.log", 1), ("x.log", 1)]));
}

#[test]
fn paths_of_containers_name_the_pod() {
    let uid = "0f0b1f5e-5f60-4b0e-9d55-1b3c5f3e2a11";
    let other = "00000000-5f60-4b0e-9d55-1b3c5f3e2a11";
    let id = "a".repeat(64);
    let pods = [
        format!("/var/log/pods/auth_kc-0_{uid}/keycloak/0.log"),
        format!("/var/log/pods/auth_kc-0_{uid}/keycloak/0.log.20261122-101010.gz"),
        // the same pod was made anew
        format!("/var/log/pods/auth_kc-0_{other}/keycloak/0.log"),
        format!("/var/log/pods/auth_kc-1_{uid}/keycloak/1.log"),
        format!("/var/log/pods/auth_kc-1_{uid}/istio-proxy/0.log"),
    ];
    let pods: Vec<&str> = pods.iter().map(String::as_str).collect();
    assert_eq!(nodes(&pods, &Find::default()), want(&[("kc-0", 3), ("kc-1/istio-proxy", 1), ("kc-1/keycloak", 1)]));
    let containers = [format!("logs/kc-0_auth_keycloak-{id}.log"), format!("logs/kc-0_test_keycloak-{id}.log"), format!("docker/{id}-json.log.1")];
    let containers: Vec<&str> = containers.iter().map(String::as_str).collect();
    assert_eq!(nodes(&containers, &Find::default()), want(&[("aaaaaaaaaaaa", 1), ("auth/kc-0/keycloak", 1), ("test/kc-0/keycloak", 1)]));
}

#[test]
fn a_pattern_can_name_the_node() {
    let paths = ["in/2026-11-22/kc-0.server.log", "in/2026-11-23/kc-0.server.log", "in/2026-11-23/kc-1.server.log", "in/x.log"];
    let by = |pattern| Find { node_from: Some(Regex::new(pattern).expect("a pattern")), ..Find::default() };
    assert_eq!(nodes(&paths, &by(r"(kc-\d+)\.")), want(&[("kc-0", 2), ("kc-1", 1), ("x.log", 1)]));
    assert_eq!(nodes(&paths, &by(r"kc-\d+")), want(&[("kc-0", 2), ("kc-1", 1), ("x.log", 1)]));
}

#[test]
fn numbers_say_that_a_file_is_missing() {
    let apart = |before: &str, after: &str| is_apart(Path::new(before), Path::new(after));
    let table = [
        ("server.log.3", "server.log.2", false),
        ("server.log.3.gz", "server.log.1", true),
        ("server.log.2", "server.log", true),
        ("server.log.1.gz", "server.log", false),
        ("server.log.2026-11-22.1", "server.log.2026-11-22.2", false),
        ("server.log.2026-11-22.1", "server.log.2026-11-22.3", true),
        ("server.log.2026-11-22.2", "server.log.2026-11-22", false),
        // a day without a line has no file
        ("server.log.2026-11-20", "server.log.2026-11-22", false),
        ("server.log.2026-11-22", "server.log", false),
        // their first stamps put them in another order
        ("server.log.1", "server.log.3", false),
    ];
    for (before, after, want) in table {
        assert_eq!(apart(before, after), want, "{before} {after}");
    }
}
