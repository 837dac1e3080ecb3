//! The published schema is that of the types.

use std::fs;
use std::path::Path;

use super::{Report, SCHEMA};

/// Set to anything, the schema is written anew.
const RENEW: &str = "KCTRIAGE_RENEW_SCHEMA";

#[test]
fn the_published_schema_is_that_of_the_report() {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("$id".into(), format!("urn:kctriage:report:{SCHEMA}").into());
    schema.insert("title".into(), "The report of kctriage".into());
    let made = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/report.schema.json");
    if std::env::var_os(RENEW).is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(&path, &made)).expect("written");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == made, "{} is not what the types say; {RENEW}=1 cargo test --lib schema writes it anew", path.display());
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn look(value: &serde_json::Value, place: &str, missing: &mut Vec<String>) {
        let Some(object) = value.as_object() else { return };
        for (name, property) in object.get("properties").and_then(|p| p.as_object()).into_iter().flatten() {
            if property.get("description").is_none() {
                missing.push(format!("{place}.{name}"));
            }
        }
        for (name, inner) in object {
            look(inner, &format!("{place}/{name}"), missing);
        }
    }
    let schema = serde_json::to_value(schemars::schema_for!(Report)).expect("a schema is JSON");
    let mut missing = Vec::new();
    look(&schema, "", &mut missing);
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(schema["$defs"].as_object().is_some_and(|defs| defs.len() > 20));
}
