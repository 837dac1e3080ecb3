//! Events against the facts of the published schemas (`tests/schemas/`): names, types, requirements and allowed values.

use serde_json::{Map, json};

use super::*;
use crate::cause::Cause;
use crate::finding::{Confidence, Evidence, SCHEMA, Trust};

const ECS: &str = include_str!("../../../tests/schemas/ecs.json");
const OCSF: &str = include_str!("../../../tests/schemas/ocsf.json");

/// Roots that the Elastic Common Schema does not have: fields of our own.
const OWN: [&str; 3] = ["keycloak", "oauth", "kctriage"];

#[allow(clippy::unnecessary_wraps)] // the fields that it fills may be unknown
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn full(cause: Cause) -> Finding {
    Finding {
        schema: SCHEMA,
        id: "6f1c00000000000000000000000000aa".to_owned(),
        time: chrono::DateTime::from_timestamp_millis(1_795_000_000_123),
        realm: text("shop"),
        client: text("web-portal"),
        cause,
        number: cause.number(),
        detail: None,
        confidence: Confidence::Likely,
        candidates: vec![cause, Cause::Unclassified],
        event: "CODE_TO_TOKEN_ERROR".to_owned(),
        error: text("invalid_code"),
        reason: text("Code not valid"),
        grant: text("authorization_code"),
        session: text("7b0a6c1e-1f0e-4b8e-9d55-0a6a3b1c2d3e"),
        user: text("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
        ip: text("10.0.0.4"),
        node: "kc-0".to_owned(),
        source: "server.log".to_owned(),
        line: 20,
        evidence: vec![Evidence { source: None, line: 19, what: "code already used or expired".to_owned() }],
        trust: Trust::Quoted,
        delay_ms: Some(5),
    }
}

/// Findings of every cause and grant, full and as empty as they can be, and with text that fits nowhere.
fn findings() -> Vec<Finding> {
    let mut all: Vec<Finding> = Cause::ALL.into_iter().map(full).collect();
    for grant in ["refresh_token", "client_credentials", "password", "urn:ietf:params:oauth:grant-type:token-exchange", "made up"] {
        all.push(Finding { grant: text(grant), ..full(Cause::Unclassified) });
        all.push(Finding { grant: text(grant), user: None, ..full(Cause::Unclassified) });
    }
    for ip in ["2001:db8::1", "ip-3f9a1c22e07b", "10.0.0.4, 10.0.0.5", "\u{1b}[31m", "x\" y"] {
        all.push(Finding { ip: text(ip), client: text(ip), user: text(ip), session: text(ip), ..full(Cause::CodeReused) });
    }
    all.push(Finding {
        realm: None,
        client: None,
        error: None,
        reason: None,
        grant: None,
        session: None,
        user: None,
        ip: None,
        evidence: Vec::new(),
        ..full(Cause::ClientNotFound)
    });
    all
}

fn events(schema: Schema) -> Vec<Value> {
    let mut out = Vec::new();
    let mut siem = Siem::new(schema, &mut out);
    for finding in findings() {
        siem.finding(&finding).expect("a vector takes it");
    }
    siem.finish().expect("a vector takes it");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(!text.contains("null"), "what is unknown is left out");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Adds the fields of an object by their dotted names.
fn flat(prefix: &str, object: &Map<String, Value>, fields: &mut Vec<(String, Value)>) {
    for (key, value) in object {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flat(&name, inner, fields),
            value => fields.push((name, value.clone())),
        }
    }
}

/// Returns what the Elastic Common Schema has against an event.
fn against_ecs(event: &Value) -> Vec<String> {
    let facts: Value = serde_json::from_str(ECS).expect("facts");
    let (facts, mut wrong, mut fields) = (&facts["fields"], Vec::new(), Vec::new());
    flat("", event.as_object().expect("an object"), &mut fields);
    for (name, fact) in facts.as_object().expect("fields") {
        if fact["required"] == true && !fields.iter().any(|f| f.0 == *name) {
            wrong.push(format!("{name} is missing"));
        }
    }
    for (name, value) in fields.iter().filter(|f| !OWN.contains(&f.0.split('.').next().unwrap_or_default())) {
        let fact = &facts[name];
        let values = if fact["array"] == true { value.as_array().cloned().unwrap_or_else(|| vec![json!("no list")]) } else { vec![value.clone()] };
        for value in &values {
            let fits = match fact["type"].as_str() {
                Some("keyword" | "text" | "wildcard" | "match_only_text" | "constant_keyword") => value.is_string(),
                Some("date") => value.as_str().is_some_and(|t| chrono::DateTime::parse_from_rfc3339(t).is_ok()),
                Some("ip") => value.as_str().is_some_and(|t| t.parse::<std::net::IpAddr>().is_ok()),
                Some("long") => value.is_i64() || value.is_u64(),
                _ => false,
            };
            let allowed = fact["allowed"].as_object();
            if !fits || allowed.is_some_and(|a| !value.as_str().is_some_and(|v| a.contains_key(v))) {
                wrong.push(format!("{name} is {value}, not {}", fact["type"]));
            }
        }
    }
    let expected = |category: &Value| facts["event.category"]["allowed"][category.as_str().unwrap_or_default()].clone();
    for category in event["event"]["category"].as_array().expect("categories") {
        for kind in event["event"]["type"].as_array().expect("types") {
            if !expected(category).as_array().is_some_and(|types| types.contains(kind)) {
                wrong.push(format!("type {kind} does not go with category {category}"));
            }
        }
    }
    wrong
}

/// Returns what the Open Cybersecurity Schema Framework has against an object of an event.
fn against_ocsf(facts: &Value, of: &Value, object: &Value, place: &str, wrong: &mut Vec<String>) {
    let attributes = of["attributes"].as_object().expect("attributes");
    let object = object.as_object().expect("an object");
    for (name, fact) in attributes {
        if fact["requirement"] == "required" && !object.contains_key(name) {
            wrong.push(format!("{place}.{name} is missing"));
        }
    }
    if let Some(names) = of["constraints"]["at_least_one"].as_array()
        && !names.iter().filter_map(Value::as_str).any(|name| object.contains_key(name))
    {
        wrong.push(format!("{place} has none of {names:?}"));
    }
    for (name, value) in object {
        let Some(fact) = attributes.get(name) else {
            wrong.push(format!("{place}.{name} is no attribute"));
            continue;
        };
        let kind = fact["type"].as_str().expect("a type");
        let base = fact["base"].as_str().unwrap_or(kind);
        if let Some(inner) = kind.strip_prefix("object:") {
            if inner != "object" {
                against_ocsf(facts, &facts["objects"][inner], value, &format!("{place}.{name}"), wrong);
            }
            continue;
        }
        let fits = match (kind, base) {
            (_, "integer_t" | "long_t") => value.is_u64() || value.is_i64(),
            (_, "boolean_t") => value.is_boolean(),
            ("ip_t", _) => value.as_str().is_some_and(|t| t.parse::<std::net::IpAddr>().is_ok()),
            (_, "string_t") => value.is_string(),
            _ => false,
        };
        let pattern = fact["regex"].as_str().filter(|_| kind != "ip_t");
        let matches = pattern.is_none_or(|p| regex::Regex::new(p).is_ok_and(|p| value.as_str().is_some_and(|v| p.is_match(v))));
        let number = value.to_string();
        let listed = fact["enum"]
            .as_object()
            .is_none_or(|e| ["class_uid", "category_uid", "type_uid"].contains(&name.as_str()) || e.contains_key(number.trim_matches('"')));
        if !fits || !matches || !listed {
            wrong.push(format!("{place}.{name} is {value}, not {fact}"));
        }
        // what a number means is said in words, too
        let words = name.strip_suffix("_id").and_then(|sibling| Some((object.get(sibling)?, fact["enum"].get(&number)?)));
        if let Some((said, meant)) = words.filter(|(said, meant)| said != meant && number != "99") {
            wrong.push(format!("{place}.{name} is {value}, which means {meant}, not {said}"));
        }
    }
}

#[test]
fn events_keep_to_the_elastic_common_schema() {
    for event in events(Schema::Ecs) {
        assert_eq!(against_ecs(&event), Vec::<String>::new(), "{event}");
    }
}

#[test]
fn events_keep_to_the_open_cybersecurity_schema() {
    let facts: Value = serde_json::from_str(OCSF).expect("facts");
    for event in events(Schema::Ocsf) {
        let mut wrong = Vec::new();
        against_ocsf(&facts, &facts["class"], &event, "event", &mut wrong);
        assert_eq!(wrong, Vec::<String>::new(), "{event}");
        assert_eq!((&event["class_uid"], &event["category_uid"]), (&facts["class"]["class_uid"], &facts["class"]["category_uid"]));
        let numbers = |key: &str| event[key].as_u64().expect("a number");
        assert_eq!(numbers("type_uid"), numbers("class_uid") * 100 + numbers("activity_id"));
    }
}

#[test]
fn the_versions_are_those_that_were_checked() {
    let version = |facts: &str| serde_json::from_str::<Value>(facts).expect("facts")["version"].clone();
    assert_eq!(events(Schema::Ecs)[0]["ecs"]["version"], version(ECS));
    assert_eq!(events(Schema::Ocsf)[0]["metadata"]["version"], version(OCSF));
}

#[test]
fn the_check_sees_what_is_wrong() {
    let mut ecs = events(Schema::Ecs).swap_remove(0);
    ecs["event"]["kind"] = json!("failure");
    ecs["event"]["type"] = json!(["denied"]);
    ecs["source"]["ip"] = json!("nowhere");
    ecs["user"]["number"] = json!(7);
    ecs["ecs"] = json!({"x": "y"});
    assert_eq!(against_ecs(&ecs).len(), 6, "{:#?}", against_ecs(&ecs));
    let facts: Value = serde_json::from_str(OCSF).expect("facts");
    let mut ocsf = events(Schema::Ocsf).swap_remove(0);
    ocsf["severity_id"] = json!(8);
    ocsf["status"] = json!("Success");
    ocsf["user"] = json!({"type_id": 1});
    ocsf["src_endpoint"]["ip"] = json!("nowhere");
    ocsf["cause"] = json!("code-expired");
    ocsf.as_object_mut().expect("an object").remove("metadata");
    let mut wrong = Vec::new();
    against_ocsf(&facts, &facts["class"], &ocsf, "event", &mut wrong);
    assert_eq!(wrong.len(), 6, "{wrong:#?}");
}

#[test]
fn both_read_well() {
    let line = |schema| {
        let mut out = Vec::new();
        Siem::new(schema, &mut out).finding(&full(Cause::CodeExpired)).expect("a vector takes it");
        String::from_utf8(out).expect("UTF-8")
    };
    let pretty = |schema| serde_json::to_string_pretty(&serde_json::from_str::<Value>(&line(schema)).expect("JSON")).expect("JSON");
    insta::assert_snapshot!("ecs", pretty(Schema::Ecs));
    insta::assert_snapshot!("ocsf", pretty(Schema::Ocsf));
}
