//! What a client wants, by its headers.

use kctriage::report::prometheus::Form;

/// Returns the format that is wanted: `OpenMetrics` only where it is asked for and the text format is not asked for more.
pub fn form(accept: &str) -> Form {
    let (mut open, mut text) = (0.0, 0.0);
    for (kind, parameters) in ranges(accept) {
        let weight = weight(&parameters);
        let version = parameters.iter().find_map(|p| p.strip_prefix("version=")).map(|v| v.trim_matches('"'));
        match kind.as_str() {
            "application/openmetrics-text" if version.is_none_or(|v| v == "1.0.0") => open = f32::max(open, weight),
            "text/plain" => text = f32::max(text, weight),
            _ => {}
        }
    }
    if open > 0.0 && open >= text { Form::OpenMetrics } else { Form::Text }
}

/// Whether the answer may be packed.
pub fn gzip(accept_encoding: &str) -> bool {
    ranges(accept_encoding).any(|(kind, parameters)| kind == "gzip" && weight(&parameters) > 0.0)
}

/// Splits `a/b; c=d; q=0.5, e/f` into its parts, in lower case.
fn ranges(header: &str) -> impl Iterator<Item = (String, Vec<String>)> {
    header.split(',').map(|range| {
        let mut parts = range.split(';').map(|p| p.trim().to_ascii_lowercase());
        (parts.next().unwrap_or_default(), parts.collect())
    })
}

fn weight(parameters: &[String]) -> f32 {
    parameters.iter().find_map(|p| p.strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scrapers_ask_for_they_get() {
        let prometheus_2 =
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let table = [
            (prometheus_2, Form::OpenMetrics),
            (prometheus_3, Form::OpenMetrics),
            ("application/openmetrics-text", Form::OpenMetrics),
            ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", Form::OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Form::Text),
            ("application/openmetrics-text; q=0", Form::Text),
            ("application/openmetrics-text; q=0.2, text/plain", Form::Text),
            ("application/openmetrics-text; q=nonsense", Form::Text),
            ("*/*", Form::Text),
            ("", Form::Text),
            (";;;,,,q=;=", Form::Text),
        ];
        for (accept, want) in table {
            assert_eq!(form(accept), want, "{accept}");
        }
        assert!(gzip("deflate, gzip;q=0.5") && !gzip("gzip;q=0, identity") && !gzip(""));
    }
}
