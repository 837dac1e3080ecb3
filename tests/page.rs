//! The page holds nothing but what the program wrote, whatever the log says, and its JSON is what its schema says.

#[path = "page/fixture.rs"]
mod fixture;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options};
use kctriage::report::compose::{Scribe, Settings, compose};
use kctriage::report::{Dialect, Html, Markdown, Paper, Report, Sheet, Text};
use proptest::prelude::*;
use scraper::Node;

/// Texts that are markup somewhere, or act on a terminal.
const ATTACKS: [&str; 42] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "</style><style>*{display:none}</style>",
    "<!--",
    "--><b>",
    "<![CDATA[x]]>",
    "&lt;script&gt;",
    "&#x3c;script&#x3e;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "javascript:alert(1)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0>",
    "</pre></details></footer><h1>",
    "</title><title>",
    "</textarea>",
    "`",
    "``` ```",
    "a`b`c",
    "a|b|c",
    "a\\|b",
    "a\\",
    "[x](https://evil.example)",
    "![x](https://evil.example/beacon.png)",
    "[x]: https://evil.example",
    "https://evil.example/?a=1",
    "www.evil.example",
    "someone@evil.example",
    "@team #1 GH-1 org/repo#1",
    "# heading\n\n- item\n\n> quote",
    "\n\n---\n\n| a |\n|---|\n",
    "**bold** _it_ ~~gone~~",
    "{code}x{code} [~admin] !x.png! |cell|",
    "{noformat} h1. title\nh1. title",
    "\u{1b}[31mred\u{1b}[0m \u{1b}]52;c;AAAA\u{7} \u{9b}31m",
    "a\rb\u{8}c\u{0}",
    "\u{202e}txet\u{202c} \u{2066}x\u{2069} \u{200b}",
    "\u{2028}line\u{2029}",
    "",
];

fn report(text: &str) -> Report {
    let (account, incidents) = fixture::account(text);
    let settings = Settings { title: Some(format!("/{text}")), ..Settings::default() };
    let mut report = compose(&account, &incidents, &settings, &Scribe::open());
    report.comparison = Some(fixture::comparison(text));
    report
}

fn written(paper: &dyn Paper, text: &str) -> String {
    put(paper, &report(text))
}

fn put(paper: &dyn Paper, report: &Report) -> String {
    let mut out = Vec::new();
    paper.write(report, &mut out).expect("a vector takes it");
    String::from_utf8(out).expect("UTF-8")
}

/// Elements with their attributes, in their order. Of values only those count that could do something.
fn elements(html: &str) -> Vec<String> {
    let page = scraper::Html::parse_document(html);
    assert!(!page.tree.nodes().any(|n| matches!(n.value(), Node::Comment(_) | Node::ProcessingInstruction(_))), "a comment");
    let mut all = Vec::new();
    for node in page.tree.root().descendants() {
        let Node::Element(element) = node.value() else { continue };
        let mut attributes: Vec<String> = element.attrs().map(|(name, value)| format!("{name}={value}")).collect();
        attributes.sort();
        all.push(format!("{} {}", element.name(), attributes.join(" ")));
    }
    all
}

/// Kinds of nodes in their order; neighbouring texts are one.
fn nodes(markdown: &str) -> Vec<String> {
    fn walk<'a>(node: &'a AstNode<'a>, all: &mut Vec<String>) {
        let kind = match &node.data.borrow().value {
            NodeValue::Text(_) | NodeValue::Escaped | NodeValue::SoftBreak => "text".to_owned(),
            NodeValue::Code(_) => "code".to_owned(),
            NodeValue::Table(table) => format!("table of {}", table.num_columns),
            NodeValue::Heading(heading) => format!("heading {}", heading.level),
            NodeValue::Link(_) | NodeValue::Image(_) | NodeValue::HtmlInline(_) | NodeValue::HtmlBlock(_) => panic!("{:?}", node.data.borrow().value),
            NodeValue::List(_) => "list".to_owned(),
            NodeValue::Item(_) => "item".to_owned(),
            other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
        };
        if kind != "text" || all.last().is_none_or(|last| last != "text") {
            all.push(kind);
        }
        node.children().for_each(|child| walk(child, all));
    }
    let arena = Arena::new();
    let mut options = Options::default();
    let on = &mut options.extension;
    (on.table, on.autolink, on.strikethrough, on.tasklist, on.footnotes) = (true, true, true, true, true);
    let mut all = Vec::new();
    walk(comrak::parse_document(&arena, markdown, &options), &mut all);
    all
}

/// Characters that act, but line feeds.
fn acts(text: &str) -> Option<char> {
    text.chars()
        .find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{200c}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
}

/// What is harmless and, as most attacks, no plain word.
const HARMLESS: &str = "plain/words";

/// What the templates alone write: elements, nodes, markup.
fn template(text: &str) -> &'static [Vec<String>; 3] {
    static TEMPLATES: OnceLock<[[Vec<String>; 3]; 2]> = OnceLock::new();
    // a plain word is put into the commands of the steps, anything else is not
    let is_word = (1..=40).contains(&text.len()) && !text.starts_with('-') && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    &TEMPLATES.get_or_init(|| [HARMLESS, "plain"].map(|text| structure(&report(text))))[usize::from(is_word)]
}

fn structure(report: &Report) -> [Vec<String>; 3] {
    let dialect = |dialect| put(&Markdown { dialect }, report);
    [elements(&put(&Html, report)), nodes(&dialect(Dialect::GitHub)), skeleton(&dialect(Dialect::Jira))]
}

fn is_inert(text: &str) {
    let report = report(text);
    assert_eq!(&structure(&report), template(text), "{text:?}");
    let papers: [&dyn Paper; 5] =
        [&Html, &Markdown { dialect: Dialect::GitHub }, &Markdown { dialect: Dialect::Jira }, &Text { width: 100, colour: false }, &Sheet];
    for paper in papers {
        assert_eq!(acts(&put(paper, &report)), None, "{text:?}");
    }
}

/// What is markup in a Jira text: all but letters, digits, blanks, character references and what only parts words.
fn skeleton(jira: &str) -> Vec<String> {
    let references = regex::Regex::new("&#[0-9]+;").expect("a pattern");
    let lines = jira.lines().map(|line| references.replace_all(line, "").chars().filter(|c| "{}[]|*_+^~!\\?#@h".contains(*c)).collect::<String>());
    let spans = regex::Regex::new(r"\{\{h*\}\}").expect("a pattern");
    lines.map(|line| spans.replace_all(&line, "{{}}").replace('h', "")).collect()
}

#[test]
fn no_attack_adds_anything() {
    for attack in ATTACKS {
        is_inert(attack);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_text_adds_anything(text in "[ -~\u{0}-\u{1f}\u{7f}-\u{9f}<>&\"'`|\\\\\\[\\]\u{202e}\u{2028}é漢]{0,60}") {
        is_inert(&text);
    }
}

#[test]
fn attacks_are_still_shown() {
    let html = scraper::Html::parse_document(&written(&Html, "<b>|x"));
    let shown: String = html.root_element().text().collect();
    assert!(shown.contains("<b>|x"), "an attack is shown as it is");
    assert!(written(&Sheet, "<b>|x").contains("<b>|x"));
    assert!(written(&Text { width: 100, colour: false }, "<b>|x").contains("<b>|x"));
}

#[test]
fn the_policy_names_what_the_page_holds() {
    let html = written(&Html, HARMLESS);
    let page = scraper::Html::parse_document(&html);
    let select = |what: &str| scraper::Selector::parse(what).expect("a selector");
    let policy = page.select(&select("meta[http-equiv='Content-Security-Policy']")).next().and_then(|m| m.attr("content")).expect("a policy");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    for inline in ["[style]", "[onclick]", "[onload]", "[onerror]", "iframe", "object", "embed", "form", "link[rel=stylesheet]", "script[src]", "img"] {
        assert_eq!(page.select(&select(inline)).count(), 0, "{inline}");
    }
    assert!(page.select(&select("a[href]")).all(|a| a.attr("href").is_some_and(|h| h.starts_with('#'))), "links stay on the page");
}

#[test]
fn every_name_that_is_pointed_at_is_there_once() {
    let html = written(&Html, HARMLESS);
    let page = scraper::Html::parse_document(&html);
    let all = scraper::Selector::parse("[id]").expect("a selector");
    let mut ids: Vec<&str> = page.select(&all).filter_map(|e| e.attr("id")).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is there twice");
    let pointing = scraper::Selector::parse("a[href], [aria-labelledby]").expect("a selector");
    for element in page.select(&pointing) {
        for id in [element.attr("href").and_then(|h| h.strip_prefix('#')), element.attr("aria-labelledby")].into_iter().flatten() {
            assert!(ids.binary_search(&id).is_ok(), "{id} is nowhere");
        }
    }
}

fn schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/report.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).expect("the schema")).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema");
    jsonschema::validator_for(&schema).expect("a schema")
}

#[test]
fn the_json_is_what_the_schema_says() {
    let schema = schema();
    for text in ATTACKS.iter().chain([&HARMLESS]) {
        let json: serde_json::Value = serde_json::from_str(&written(&Sheet, text)).expect("JSON");
        let errors: Vec<String> = schema.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut broken: serde_json::Value = serde_json::from_str(&written(&Sheet, HARMLESS)).expect("JSON");
    broken["totals"]["failures"] = "many".into();
    assert!(!schema.is_valid(&broken), "the schema asks for something");
}

fn program(options: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("kctriage").expect("the program");
    command.args(["report", "--no-progress"]).args(options);
    command
}

/// The keys of the outermost object, in the order of the text.
fn keys(json: &str) -> Vec<String> {
    let key = regex::Regex::new("(?m)^ \"([a-z_]+)\":").expect("a pattern");
    let keys: Vec<String> = key.captures_iter(json).map(|c| c[1].to_owned()).collect();
    assert!(keys.len() > 15, "{keys:?}");
    keys
}

/// A log in which every text of every event is an attack, and the harmless one that it is held against.
fn hostile_log(attacks: &[&str]) -> String {
    let mut log = String::new();
    for (n, attack) in attacks.iter().enumerate() {
        let value = attack.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
        for (kind, error, grant) in [
            ("CODE_TO_TOKEN_ERROR", "invalid_redirect_uri", "authorization_code"),
            ("REFRESH_TOKEN_ERROR", "invalid_token", "refresh_token"),
            ("CLIENT_LOGIN_ERROR", "invalid_client_credentials", "client_credentials"),
        ] {
            let _ = writeln!(
                log,
                "2026-11-23 14:{:02}:00,000 WARN  [org.keycloak.events] (executor-thread-1) type=\"{kind}\", realmId=\"{value}\", realmName=\"{value}\", clientId=\"{value}\", \
                 userId=\"{value}\", sessionId=\"{value}\", ipAddress=\"{value}\", error=\"{error}\", reason=\"{value}\", grant_type=\"{grant}\", redirect_uri=\"{value}\", username=\"{value}\"",
                n % 60
            );
        }
    }
    log
}

/// Elements with the names of their attributes, each once.
fn kinds(html: &str) -> BTreeSet<String> {
    let page = scraper::Html::parse_document(html);
    let elements = page.tree.root().descendants().filter_map(|node| match node.value() {
        Node::Element(element) => Some(format!("{} {:?}", element.name(), element.attrs().map(|(name, _)| name).collect::<BTreeSet<_>>())),
        _ => None,
    });
    elements.collect()
}

#[test]
fn a_hostile_log_adds_nothing_to_any_format_and_nothing_through_a_tally() {
    let dir = tempfile::tempdir().expect("a folder");
    let (log, tally) = (dir.path().join("server.log"), dir.path().join("tally.json"));
    fs::write(&log, hostile_log(&ATTACKS)).expect("a file");
    let mut scan = assert_cmd::Command::cargo_bin("kctriage").expect("the program");
    fs::write(&tally, scan.args(["scan", "--format", "json"]).arg(&log).output().expect("output").stdout).expect("a file");
    let run = |format: &str, options: &[&str]| {
        let mut command = program(&["--format", format]);
        let out = command.args(options).current_dir(dir.path()).output().expect("output");
        let shown = String::from_utf8(out.stdout).expect("UTF-8");
        assert_eq!(acts(&shown), None, "{format} {options:?}");
        assert!(out.status.success() && shown.len() > 1000, "{format} {options:?}: {}", String::from_utf8_lossy(&out.stderr));
        assert_eq!(acts(&String::from_utf8_lossy(&out.stderr)), None, "{format} {options:?}: notes");
        shown
    };
    let compare = ["--no-redact", "--compare", "2026-11-23T14:00Z..2026-11-23T14:20Z", "2026-11-23T14:20Z..2026-11-23T14:40Z", "server.log"];
    let inputs: [&[&str]; 4] = [&["server.log"], &["--no-redact", "server.log"], &compare, &["--no-redact", "--from", "tally.json"]];
    let templates = kinds(&written(&Html, HARMLESS));
    for options in inputs {
        let html = run("html", options);
        let more: Vec<String> = kinds(&html).difference(&templates).cloned().collect();
        assert!(more.is_empty(), "{options:?}: {more:?}");
        for node in nodes(&run("markdown", options)) {
            assert!(
                ["Document", "Paragraph", "Strong", "BlockQuote", "text", "code", "list", "item", "TableRow", "TableCell"].contains(&node.as_str())
                    || node.starts_with("heading ")
                    || node.starts_with("table of "),
                "{options:?}: {node}"
            );
        }
        run("jira", options);
        run("text", options);
        let errors: Vec<String> = schema().iter_errors(&serde_json::from_str(&run("json", options)).expect("JSON")).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{options:?}: {errors:#?}");
    }
    for format in ["ecs", "ocsf"] {
        let events = run(format, &["--no-redact", "server.log"]);
        assert_eq!(events.lines().count(), 3 * ATTACKS.len(), "{format}");
        assert!(events.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok_and(|event| event.is_object())), "{format}");
    }
}

#[test]
fn the_reports_of_the_recordings_are_what_the_schema_says() {
    let schema = schema();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let (mut seen, mut compared, mut all_keys) = (0, 0, BTreeSet::new());
    for folder in fs::read_dir(root).expect("recordings").flatten().filter(|e| e.path().is_dir()) {
        for options in [&[][..], &["--no-redact", "--since-restart"]] {
            let out = program(&["--format", "json"]).args(options).arg(folder.path()).output().expect("output");
            let place = format!("{} {options:?}", folder.path().display());
            let text = String::from_utf8(out.stdout).expect("UTF-8");
            let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{place}: {e}"));
            let errors: Vec<String> = schema.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{place}: {errors:#?}");
            let of_causes: u64 = json["causes"].as_array().expect("causes").iter().filter_map(|c| c["count"].as_u64()).sum();
            assert_eq!(json["totals"]["failures"].as_u64(), Some(of_causes), "{place}");
            all_keys.insert(keys(&text));
            compared += u32::from(json["comparison"].is_object());
            seen += 1;
        }
    }
    assert!(seen > 40 && compared > 5, "{seen}, {compared}");
    assert_eq!(all_keys.len(), 1, "the keys and their order are the same in every report: {all_keys:#?}");
}
