//! Rules as people type them.
//!
//! ```text
//! rule      = clause *( blank clause )              in any order; one measure, everything else at most once but conditions
//! clause    = condition / measure / by / for / severity / name
//! condition = field ( "=" / "!=" ) value *( "," value )
//! field     = "realm" / "client" / "cause" / "detail" / "confidence" / "node"
//! measure   = ( "rate" / "clients" ) ">" number "/" duration / "new" / "unusual" / "secret-rotated" / "clock-jumped"
//! by        = "by" blank field *( "," field )
//! for       = "for" blank duration
//! severity  = "severity" blank ( "info" / "warning" / "critical" )
//! name      = "name" blank value
//! value     = 1*( any but blank, comma and quotes ) / "'" *( any but "'" ) "'" / '"' *( any but '"' ) '"'
//! duration  = 1*( number ( "ms" / "s" / "m" / "h" / "d" ) )
//! ```

use std::borrow::Cow;
use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::{char, digit1, multispace0, multispace1};
use nom::combinator::{map_res, value};
use nom::error::{ErrorKind, FromExternalError};
use nom::multi::{many1, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{Err, IResult, Parser};

use super::rule::{Condition, Field, Measure, Rule, Severity};
use crate::cause::{Cause, Detail};
use crate::finding::Confidence;

/// The shortest and the longest window.
const WINDOW_MS: std::ops::RangeInclusive<i64> = 1000..=86_400_000;

/// The longest that a rule may have to hold.
const LONGEST_HOLD_MS: i64 = 86_400_000;

/// The longest rule.
const LONGEST: usize = 2000;

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What was typed.
    text: String,
    /// Bytes before the place.
    at: usize,
    /// What is expected there.
    what: String,
}

impl ParseError {
    /// Returns what was typed, and a line below it that points at the place.
    #[must_use]
    pub fn pointer(&self) -> String {
        let before = self.text.get(..self.at).map_or(0, |t| t.chars().count());
        // a control character would move the mark
        let shown: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("{shown}\n{}^", " ".repeat(before))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.text.get(..self.at).map_or(0, |t| t.chars().count()) + 1;
        write!(f, "column {column}: {}", self.what)
    }
}

impl std::error::Error for ParseError {}

/// An error of a parser: where, and what is expected there.
#[derive(Debug)]
struct Wrong<'a> {
    at: &'a str,
    what: Cow<'static, str>,
}

impl<'a> nom::error::ParseError<&'a str> for Wrong<'a> {
    fn from_error_kind(at: &'a str, _: ErrorKind) -> Self {
        Wrong { at, what: "".into() }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'a, E> FromExternalError<&'a str, E> for Wrong<'a> {
    fn from_external_error(at: &'a str, _: ErrorKind, _: E) -> Self {
        Wrong { at, what: "a smaller number is expected".into() }
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Wrong<'a>>;

/// Says that a parser has to succeed here, and what is expected if it does not.
fn must<'a, T>(what: &'static str, mut parser: impl Parser<&'a str, Output = T, Error = Wrong<'a>>) -> impl FnMut(&'a str) -> Parsed<'a, T> {
    move |i| {
        parser.parse(i).map_err(|error| match error {
            Err::Error(wrong) => Err::Failure(Wrong { at: i, what: if wrong.what.is_empty() { what.into() } else { wrong.what } }),
            other => other,
        })
    }
}

fn wrong<T>(at: &str, what: impl Into<Cow<'static, str>>) -> Parsed<'_, T> {
    Err(Err::Failure(Wrong { at, what: what.into() }))
}

/// One clause of a rule.
#[derive(Debug, Clone)]
enum Clause {
    Condition(Condition),
    Measure(Measure),
    By(Vec<Field>),
    For(i64),
    Severity(Severity),
    Name(String),
}

/// `rate`, `by`, `cause`
fn word(i: &str) -> Parsed<'_, &str> {
    take_while1(|c: char| c.is_ascii_lowercase() || c == '-').parse(i)
}

/// `20`
fn number(i: &str) -> Parsed<'_, u64> {
    map_res(digit1, str::parse).parse(i)
}

/// `ms`
fn unit(i: &str) -> Parsed<'_, i64> {
    alt((value(1, tag("ms")), value(1000, tag("s")), value(60_000, tag("m")), value(3_600_000, tag("h")), value(86_400_000, tag("d")))).parse(i)
}

/// `1h30m`, in milliseconds
fn duration(i: &str) -> Parsed<'_, i64> {
    let part = (map_res(digit1, str::parse::<i64>), must("a unit is expected: ms, s, m, h or d", unit));
    let (rest, parts) = many1(part).parse(i)?;
    let sum = parts.into_iter().try_fold(0_i64, |sum, (n, unit)| n.checked_mul(unit).and_then(|ms| sum.checked_add(ms)));
    match sum {
        Some(ms) => Ok((rest, ms)),
        None => wrong(i, "a shorter duration is expected"),
    }
}

/// `web-portal`, `'web portal'`, `"it's"`
fn text(i: &str) -> Parsed<'_, &str> {
    let quoted = |quote| delimited(char(quote), take_till(move |c| c == quote), must("the closing quote is missing", char(quote)));
    alt((quoted('\''), quoted('"'), take_while1(|c: char| !c.is_whitespace() && !matches!(c, ',' | '\'' | '"')))).parse(i)
}

fn field(i: &str) -> Parsed<'_, Field> {
    const WHAT: &str = "realm, client, cause, detail, confidence or node is expected";
    let (rest, name) = must(WHAT, word)(i)?;
    match Field::ALL.into_iter().find(|f| f.slug() == name) {
        Some(field) => Ok((rest, field)),
        None => wrong(i, WHAT),
    }
}

/// A value of a field, as it is written in findings.
fn of_field(field: Field) -> impl FnMut(&str) -> Parsed<'_, String> {
    move |i| {
        let (rest, text) = must("a value is expected", text)(i)?;
        let known = match field {
            Field::Realm | Field::Client | Field::Node => Ok(text),
            Field::Cause => text.parse::<Cause>().map(Cause::slug).map_err(|unknown| near("cause", &unknown.near, "kctriage explain lists them")),
            Field::Detail => text.parse::<Detail>().map(Detail::slug).map_err(|unknown| near("detail", &unknown.near, "docs/rules.md lists them")),
            Field::Confidence => Confidence::ALL
                .into_iter()
                .map(Confidence::slug)
                .find(|slug| *slug == text)
                .ok_or_else(|| "certain, likely or ambiguous is expected".to_owned()),
        };
        match known {
            Ok(known) => Ok((rest, known.to_owned())),
            Err(what) => wrong(i, what),
        }
    }
}

fn near(noun: &str, near: &[&str], where_to_look: &str) -> String {
    match near {
        [] => format!("no such {noun} is known; {where_to_look}"),
        near => format!("no such {noun} is known; did you mean {}?", near.join(" or ")),
    }
}

/// `>20/5m`
fn limit(i: &str) -> Parsed<'_, (u64, i64)> {
    let (i, _) = preceded(multispace0, must("\">\" is expected, as in rate>20/5m", char('>'))).parse(i)?;
    let (i, over) = preceded(multispace0, must("a number is expected, as in rate>20/5m", number)).parse(i)?;
    let (i, _) = preceded(multispace0, must("\"/\" and a duration are expected, as in rate>20/5m", char('/'))).parse(i)?;
    let (rest, window_ms) = preceded(multispace0, must("a duration is expected, as in rate>20/5m", duration)).parse(i)?;
    if WINDOW_MS.contains(&window_ms) { Ok((rest, (over, window_ms))) } else { wrong(i, "a window of 1s to 1d is expected") }
}

/// `=code-reused,code-expired`, `!=spa`
fn condition(of: Field) -> impl FnMut(&str) -> Parsed<'_, Condition> {
    move |i| {
        let sign = alt((value(true, tag("!=")), value(false, tag("="))));
        let (i, negated) = preceded(multispace0, must("\"=\" or \"!=\" is expected", sign)).parse(i)?;
        let (i, values) = preceded(multispace0, separated_list1((multispace0, char(','), multispace0), of_field(of))).parse(i)?;
        Ok((i, Condition { field: of, values, negated }))
    }
}

fn clause(i: &str) -> Parsed<'_, Clause> {
    let expected = "a condition as cause=code-reused, a measure as rate>20/5m, by, for, severity or name is expected";
    let (rest, name) = must(expected, word)(i)?;
    let once = |measure| Ok((rest, Clause::Measure(measure)));
    match name {
        "rate" => limit(rest).map(|(rest, (over, window_ms))| (rest, Clause::Measure(Measure::Rate { over, window_ms }))),
        "clients" => limit(rest).map(|(rest, (over, window_ms))| (rest, Clause::Measure(Measure::Clients { over, window_ms }))),
        "new" => once(Measure::New),
        "unusual" => once(Measure::Unusual),
        "secret-rotated" => once(Measure::SecretRotated),
        "clock-jumped" => once(Measure::ClockJumped),
        "by" => {
            let fields = separated_list1((multispace0, char(','), multispace0), field);
            preceded(must("a blank is expected", multispace1), fields).map(Clause::By).parse(rest)
        }
        "for" => {
            let (i, _) = must("a blank is expected", multispace1)(rest)?;
            let (rest, ms) = must("a duration is expected, as in for 2m", duration)(i)?;
            if ms <= LONGEST_HOLD_MS { Ok((rest, Clause::For(ms))) } else { wrong(i, "a duration of at most 1d is expected") }
        }
        "severity" => {
            const WHAT: &str = "info, warning or critical is expected";
            let (i, name) = preceded(must("a blank is expected", multispace1), must(WHAT, word)).parse(rest)?;
            match Severity::ALL.into_iter().find(|s| s.slug() == name) {
                Some(severity) => Ok((i, Clause::Severity(severity))),
                None => wrong(rest.trim_start(), WHAT),
            }
        }
        "name" => {
            let (i, name) = preceded(must("a blank is expected", multispace1), must("a name is expected", text)).parse(rest)?;
            Ok((i, Clause::Name(name.to_owned())))
        }
        _ => match Field::ALL.into_iter().find(|f| f.slug() == name) {
            Some(field) => condition(field)(rest).map(|(rest, c)| (rest, Clause::Condition(c))),
            None => wrong(i, expected),
        },
    }
}

/// What was said so far, and where.
#[derive(Default)]
struct Said {
    conditions: Vec<Condition>,
    measure: Option<Measure>,
    by: Option<Vec<Field>>,
    hold_ms: Option<i64>,
    severity: Option<Severity>,
    name: Option<String>,
}

/// Keeps what was said; a second time is an error.
fn once<'a, T>(slot: &mut Option<T>, value: T, at: &'a str, what: &'static str) -> Result<(), Err<Wrong<'a>>> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Err::Failure(Wrong { at, what: what.into() })),
    }
}

fn clauses(typed: &str) -> Parsed<'_, Said> {
    let mut said = Said::default();
    let mut i = typed.trim_start();
    while !i.is_empty() {
        let (rest, clause) = clause(i)?;
        match clause {
            Clause::Condition(condition) => said.conditions.push(condition),
            Clause::Measure(measure) => once(&mut said.measure, measure, i, "a second measure; a rule has one")?,
            Clause::By(by) => once(&mut said.by, by, i, "a second \"by\"; name all fields after the first: by realm,client")?,
            Clause::For(ms) => once(&mut said.hold_ms, ms, i, "a second \"for\"")?,
            Clause::Severity(severity) => once(&mut said.severity, severity, i, "a second severity")?,
            Clause::Name(name) => once(&mut said.name, name, i, "a second name")?,
        }
        let (after, blanks) = multispace0(rest)?;
        if blanks.is_empty() && !after.is_empty() {
            return wrong(rest, "a blank is expected");
        }
        i = after;
    }
    Ok((i, said))
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// Where it is no rule: what is expected, and at which place.
    pub fn parse(typed: &str) -> Result<Self, ParseError> {
        let error = |at: usize, what: &str| ParseError { text: typed.to_owned(), at, what: what.to_owned() };
        if typed.len() > LONGEST {
            return Err(ParseError { text: typed.chars().take(60).collect(), at: 0, what: format!("a rule of at most {LONGEST} bytes is expected") });
        }
        let said = match clauses(typed) {
            Ok((_, said)) => said,
            Err(Err::Error(wrong) | Err::Failure(wrong)) => return Err(error(typed.len() - wrong.at.len(), &wrong.what)),
            Err(Err::Incomplete(_)) => return Err(error(typed.len(), "more is expected")),
        };
        let Some(measure) = said.measure else {
            return Err(error(typed.trim_end().len(), "it lacks a measure, as rate>20/5m, clients>1/15m, new or unusual"));
        };
        let by = match (measure.by(), said.by) {
            (Some(_), Some(_)) => {
                let at = typed.find("by ").unwrap_or_default();
                return Err(error(at, "this measure says itself what it is told apart by; leave \"by\" out"));
            }
            (Some(fixed), None) => fixed.to_vec(),
            (None, by) => with_realm(by.unwrap_or_default()),
        };
        if measure.by().is_some() && said.hold_ms.is_some() {
            return Err(error(typed.find("for ").unwrap_or_default(), "\"for\" goes with rate and clients only"));
        }
        let text = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Rule {
            name: said.name.unwrap_or_else(|| text.clone()),
            conditions: said.conditions,
            measure,
            by,
            hold_ms: said.hold_ms.unwrap_or_default(),
            severity: said.severity.unwrap_or_default(),
            description: None,
            runbook: None,
            text,
            builtin: false,
        })
    }
}

/// Clients of the same name in two realms are two clients.
fn with_realm(mut by: Vec<Field>) -> Vec<Field> {
    if by.contains(&Field::Client) {
        by.push(Field::Realm);
    }
    by.sort_unstable();
    by.dedup();
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_people_type_them() {
        let rule = Rule::parse("cause=code-reused rate>20/5m by client").expect("a rule");
        assert_eq!(rule.conditions, [Condition { field: Field::Cause, values: vec!["code-reused".into()], negated: false }]);
        assert_eq!((rule.measure, rule.hold_ms, rule.severity), (Measure::Rate { over: 20, window_ms: 300_000 }, 0, Severity::Warning));
        assert_eq!(rule.by, [Field::Realm, Field::Client], "a client is one of a realm");
        assert_eq!(rule.name, "cause=code-reused rate>20/5m by client");
        let rule = Rule::parse(
            "  name 'two words'  severity critical for 1h30m\tclients > 1 / 15m by node  cause = 3 , PKCE_mismatch client != \"a b\",spa realm=shop ",
        );
        let rule = rule.expect("a rule");
        assert_eq!((rule.name.as_str(), rule.severity, rule.hold_ms, rule.by.as_slice()), ("two words", Severity::Critical, 5_400_000, &[Field::Node][..]));
        assert_eq!(rule.measure, Measure::Clients { over: 1, window_ms: 900_000 });
        assert_eq!(rule.conditions[0].values, ["clock-skew", "pkce-mismatch"]);
        assert!(rule.conditions[1].negated && rule.conditions[1].values == ["a b", "spa"]);
        assert_eq!(Rule::parse("unusual confidence=certain,likely").expect("a rule").by, [Field::Realm, Field::Client, Field::Cause]);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let table = [
            ("", 0, "it lacks a measure"),
            ("cause=code-reused", 17, "it lacks a measure"),
            ("cause=code-reusd rate>1/5m", 6, "no such cause is known; did you mean code-reused?"),
            ("cause rate>1/5m", 6, "\"=\" or \"!=\" is expected"),
            ("rate>1/5m cause=", 16, "a value is expected"),
            ("rate 20/5m", 5, "\">\" is expected"),
            ("rate>x/5m", 5, "a number is expected"),
            ("rate>99999999999999999999/5m", 5, "a smaller number is expected"),
            ("rate>20 5m", 8, "\"/\" and a duration are expected"),
            ("rate>20/5", 9, "a unit is expected"),
            ("rate>20/5w", 9, "a unit is expected"),
            ("rate>20/0s", 8, "a window of 1s to 1d"),
            ("rate>20/9999999999999d", 8, "a shorter duration"),
            ("rate>20/5mby client", 10, "a blank is expected"),
            ("rate>20/5m by user", 14, "realm, client, cause"),
            ("rate>20/5m by client by realm", 21, "a second \"by\""),
            ("rate>20/5m new", 11, "a second measure"),
            ("new by client", 4, "this measure says itself"),
            ("new for 5m", 4, "\"for\" goes with"),
            ("rate>1/5m severity bad", 19, "info, warning or critical"),
            ("rate>1/5m client='a", 19, "the closing quote is missing"),
            ("rate>1/5m colour=red", 10, "a condition as"),
            ("rate>1/5m confidence=sure", 21, "certain, likely or ambiguous"),
            ("rate>1/5m client=é detial=x", 19, "a condition as"),
        ];
        for (typed, at, what) in table {
            let error = Rule::parse(typed).expect_err(typed);
            assert!(error.what.starts_with(what), "{typed}: {error:?}");
            assert_eq!(typed[..error.at].chars().count(), at, "{typed}: {error:?}");
        }
        let error = Rule::parse("rate>20/5m by user").expect_err("no such field");
        assert_eq!(error.pointer(), "rate>20/5m by user\n              ^");
        assert!(error.to_string().starts_with("column 15: "));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|([a-z]{1,8}[=>!/, '\"0-9]{0,4}){0,8}") {
            if let Err(error) = Rule::parse(&text) {
                let _ = (error.to_string(), error.pointer());
            }
        }
    }
}
