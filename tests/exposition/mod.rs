//! Prometheus' text format 0.0.4, read strictly: what is no line of it is a failed test. The libraries that read it do not read escapes, or not strictly;
//! `tests/deploy/run` has promtool and Prometheus' own Python library read the same pages.

use std::collections::{BTreeMap, BTreeSet};

use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{escaped_transform, is_not, tag, take_while1};
use nom::character::complete::char;
use nom::combinator::{all_consuming, map, opt, value};
use nom::multi::separated_list1;
use nom::number::complete::double;
use nom::sequence::{delimited, preceded, separated_pair};

type Read<'a, T> = nom::IResult<&'a str, T>;

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Sample {
    /// Returns its name and labels.
    pub fn series(&self) -> String {
        format!("{}{:?}", self.name, self.labels)
    }
}

fn name(text: &str) -> Read<'_, &str> {
    take_while1(|c: char| c.is_ascii_lowercase() || c == '_').parse(text)
}

/// `"C:\\n \" \n"`
fn quoted(text: &str) -> Read<'_, String> {
    let escape = alt((value("\\", tag("\\")), value("\"", tag("\"")), value("\n", tag("n"))));
    let inside = map(opt(escaped_transform(is_not("\\\"\n"), '\\', escape)), Option::unwrap_or_default);
    delimited(char('"'), inside, char('"')).parse(text)
}

/// `name{label="value",more="value"} 12.5`
fn sample(text: &str) -> Read<'_, Sample> {
    let labels = delimited(char('{'), separated_list1(char(','), separated_pair(name, char('='), quoted)), char('}'));
    map((name, opt(labels), preceded(char(' '), double)), |(name, labels, value)| {
        let labels = labels.unwrap_or_default().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        Sample { name: name.to_owned(), labels, value }
    })
    .parse(text)
}

/// Reads a page: every family has its help and its type before its samples, no family and no series is there twice.
pub fn read(page: &str) -> Vec<Sample> {
    let (mut samples, mut families, mut series) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut lines = page.strip_suffix('\n').expect("the last line ends").split('\n').peekable();
    while let Some(line) = lines.next() {
        let family = line.strip_prefix("# HELP ").and_then(|l| l.split(' ').next()).unwrap_or_else(|| panic!("no help: {line:?}"));
        assert!(families.insert(family.to_owned()), "{family} is there twice");
        let kind = lines.next().and_then(|l| l.strip_prefix(&format!("# TYPE {family} "))).unwrap_or_else(|| panic!("{family} has no type"));
        assert!(["counter", "gauge"].contains(&kind), "{kind}");
        while let Some(line) = lines.next_if(|l| !l.starts_with("# ")) {
            let (_, sample) = all_consuming(sample).parse(line).unwrap_or_else(|e| panic!("{line:?}: {e}"));
            assert_eq!(sample.name, family);
            assert!(series.insert(sample.series()), "{line} is there twice");
            samples.push(sample);
        }
    }
    samples
}
