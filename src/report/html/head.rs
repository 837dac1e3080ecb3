//! The head: the policy, the style, and the script at the foot of the page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::report::model::Report;
use crate::report::outline::title;

/// How it looks.
const STYLE: &str = include_str!("style.css");

/// What it does where scripts run: hover values, the filter, copying.
const SCRIPT: &str = include_str!("script.js");

/// Returns the hash by which a policy names an inline block.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// Returns the head.
pub(super) fn head(report: &Report) -> Markup {
    let policy = format!("default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'", hash(STYLE), hash(SCRIPT));
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            meta name="generator" content=(report.generator);
            title { (title(report).text()) }
            link rel="icon" href="data:,";
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Returns the script.
pub(super) fn script() -> Markup {
    html! { script { (PreEscaped(SCRIPT)) } }
}
