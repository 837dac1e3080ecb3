//! Rules: what an event means, as data.
//!
//! Input: TOML (the built-in table and a user's file). Output: [`Rules`], which name for each failure the first rule that fits. What was typed
//! ([`RuleText`]) and what is ready ([`Rule`]) are different types. Must not know timelines or profiles: where those decide, a rule names
//! a [`Question`].

pub mod check;

#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::joined::Failed;
use crate::cause::{Cause, Detail};
use crate::finding::{Confidence, Trust};
use crate::signal::companion::{Assertion, Parameter, Pkce};
use crate::signal::{Word, Words};

/// A question that code answers (`triage::question`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The code is gone: did it expire, or was it used?
    ExpiredOrReused,
    /// The event says that the code expired: did it, or do nodes' clocks differ?
    ExpiredOrSkewed,
    /// A session is named and was not found: did it end, or was it never one?
    SessionOrMalformed,
    /// The code was read and refused: another `redirect_uri`, or another client's code?
    RedirectOrForeign,
    /// The `redirect_uri` differs from the login's: was that this client's login?
    OwnRedirect,
    /// The client's credentials were refused: a wrong secret, or sent the wrong way?
    SecretOrMethod,
    /// A refresh token was read and refused without a reason: did its session end, or was it the user?
    RefreshWithoutReason,
    /// A refresh token was refused without a reason before its user was known: was it the token, or the request?
    RefreshNotRead,
    /// No session is named: was there no code, or was it none?
    MissingOrMalformed,
    /// No such client: is it unknown, or was it authenticated in a way that is not its own?
    UnknownOrMethod,
}

impl Question {
    /// Every question.
    pub const ALL: [Question; 10] = [
        Question::ExpiredOrReused,
        Question::ExpiredOrSkewed,
        Question::SessionOrMalformed,
        Question::RedirectOrForeign,
        Question::OwnRedirect,
        Question::SecretOrMethod,
        Question::RefreshWithoutReason,
        Question::RefreshNotRead,
        Question::MissingOrMalformed,
        Question::UnknownOrMethod,
    ];

    /// Whether what happened to the failure's session is looked at.
    #[must_use]
    pub const fn asks_the_timeline(self) -> bool {
        match self {
            Question::ExpiredOrReused
            | Question::ExpiredOrSkewed
            | Question::SessionOrMalformed
            | Question::RedirectOrForeign
            | Question::OwnRedirect
            | Question::RefreshWithoutReason => true,
            Question::SecretOrMethod | Question::RefreshNotRead | Question::MissingOrMalformed | Question::UnknownOrMethod => false,
        }
    }

    /// Returns the word that a rule file uses.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Question::ExpiredOrReused => "expired-or-reused",
            Question::ExpiredOrSkewed => "expired-or-skewed",
            Question::SessionOrMalformed => "session-or-malformed",
            Question::RedirectOrForeign => "redirect-or-foreign",
            Question::OwnRedirect => "own-redirect",
            Question::SecretOrMethod => "secret-or-method",
            Question::RefreshWithoutReason => "refresh-without-reason",
            Question::RefreshNotRead => "refresh-not-read",
            Question::MissingOrMalformed => "missing-or-malformed",
            Question::UnknownOrMethod => "unknown-or-method",
        }
    }
}

/// A companion that a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompanionText {
    /// `Code '…' already used …`.
    CodeGone,
    /// `Invalid format of the code`.
    CodeFormat,
    /// `Invalid format of the UUID in the code`.
    CodeUuid,
    /// `Code '…' is bound to a different session`.
    CodeBound,
    /// `Code is bound to a different client '…'`, and what it names can be one.
    CodeForeign,
    /// The same, and it is none.
    CodeForeignCut,
    /// `The size of OIDC parameter 'code' is longer … than allowed`.
    CodeTooLong,
    /// The same of `code_verifier`.
    VerifierTooLong,
    /// `KC-SERVICES0025 … Token is not active`.
    AssertionNotActive,
    /// `KC-SERVICES0025 … Error when loading public keys`, `Unable to load public key`.
    AssertionKeys,
    /// `KC-SERVICES0025`, anything else.
    AssertionOther,
    /// `PKCE code verifier specified but challenge not present`.
    PkceUnexpected,
}

impl CompanionText {
    /// Every value.
    pub const ALL: [CompanionText; 12] = [
        CompanionText::CodeGone,
        CompanionText::CodeFormat,
        CompanionText::CodeUuid,
        CompanionText::CodeBound,
        CompanionText::CodeForeign,
        CompanionText::CodeForeignCut,
        CompanionText::CodeTooLong,
        CompanionText::VerifierTooLong,
        CompanionText::AssertionNotActive,
        CompanionText::AssertionKeys,
        CompanionText::AssertionOther,
        CompanionText::PkceUnexpected,
    ];
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It is there.
    Known,
    /// It is absent, or printed as `null`.
    None,
}

/// A rule as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleText {
    /// Its name, unique.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Event types; any if absent.
    pub event: Option<Vec<String>>,
    /// Errors; any (or none) if absent.
    pub error: Option<Vec<String>>,
    /// Reasons, exactly.
    pub reason: Option<Vec<String>>,
    /// How a reason begins; `""` means that there is one.
    pub reason_begins: Option<Vec<String>>,
    /// What a reason contains.
    pub reason_contains: Option<Vec<String>>,
    /// Grant types.
    pub grant: Option<Vec<String>>,
    /// A companion that must be there.
    pub companion: Option<CompanionText>,
    /// Whether the user is named.
    pub user: Option<Presence>,
    /// Whether the client is named.
    pub client: Option<Presence>,
    /// Whether a session is named.
    pub session: Option<Presence>,
    /// The cause, or
    pub cause: Option<Cause>,
    /// what kind of it,
    pub detail: Option<Detail>,
    /// how sure (certain if absent),
    pub confidence: Option<Confidence>,
    /// and what else it can be;
    #[serde(default)]
    pub candidates: Vec<Cause>,
    /// or the question that decides.
    pub question: Option<Question>,
    /// Why, in words that a person reads as evidence.
    pub why: String,
    /// Where to read more: addresses of standards, issues, documentation.
    #[serde(default)]
    pub references: Vec<String>,
    /// Lines that it must decide.
    #[serde(default)]
    pub examples: Vec<Vec<String>>,
    /// Lines that it must not decide.
    #[serde(default)]
    pub counter_examples: Vec<Vec<String>>,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// The cause itself.
    Cause {
        /// The cause.
        cause: Cause,
        /// What kind of it.
        detail: Option<Detail>,
        /// How sure.
        confidence: Confidence,
        /// All that fit, the cause first.
        candidates: Vec<Cause>,
    },
    /// A question to be answered.
    Ask(Question),
}

/// A rule that is ready.
#[derive(Debug, Clone)]
pub struct Rule {
    /// As it was written.
    pub text: RuleText,
    /// What it says.
    pub says: Says,
    words: Asked,
}

/// The words that a rule asks for, where it asks for any.
#[derive(Debug, Clone)]
struct Asked {
    error: Option<Words>,
    event: Option<Words>,
    reason: Option<Words>,
    grant: Option<Words>,
}

/// What is wrong with a rule file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// It is not TOML of the schema.
    #[error("the rules cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A rule contradicts itself.
    #[error("rule {id}: {what}")]
    Rule {
        /// The rule.
        id: String,
        /// What is wrong.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RuleText>,
    /// Read by `alert::file`.
    #[serde(default, rename = "alert")]
    _alert: Option<serde::de::IgnoredAny>,
}

/// A table of rules, in the order in which they are tried.
#[derive(Debug, Clone)]
pub struct Rules {
    list: Vec<Rule>,
    /// What each of them asks for, in short: nearly every rule is ruled out by it.
    shorts: Vec<Short>,
    /// Numbers of the rules that may speak of failures without an error, and of those with each of the known ones.
    by_error: Vec<Vec<usize>>,
}

/// The table that the program comes with.
pub const BUILTIN: &str = include_str!("rules.toml");

/// The line that begins a rule.
const RULE: &str = "[[rule]]\n";

impl Rules {
    /// Returns the built-in table.
    ///
    /// # Panics
    ///
    /// Never: the table is part of the program, and a test reads it.
    #[must_use]
    pub fn builtin() -> Self {
        Rules::parse(BUILTIN).expect("the built-in table is checked by a test")
    }

    /// Returns the built-in table without its examples, which are most of its text and which only a check asks for.
    ///
    /// # Panics
    ///
    /// Never, as with [`Rules::builtin`].
    #[must_use]
    pub fn bare() -> Self {
        // one by one: what the text of a rule takes while it is read is used again for the next
        let rules = without_examples(BUILTIN).split(RULE).skip(1).map(|rule| Rules::parse(&format!("{RULE}{rule}"))).collect::<Result<Vec<_>, _>>();
        Rules::of(rules.expect("the built-in table is checked by a test").into_iter().flat_map(|rules| rules.list).collect())
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let file: File = toml::from_str(text)?;
        let rules = file.rule.into_iter().map(ready).collect::<Result<Vec<_>, _>>()?;
        for (i, rule) in rules.iter().enumerate() {
            if rules[..i].iter().any(|r| r.text.id == rule.text.id) {
                return Err(wrong(&rule.text, "its id is used twice"));
            }
        }
        Ok(Rules::of(rules))
    }

    /// Returns a table in which a user's rules are tried before these.
    #[must_use]
    pub fn preceded_by(self, user: Rules) -> Self {
        let mut list = user.list;
        let own: Vec<Rule> = self.list.into_iter().filter(|r| list.iter().all(|u| u.text.id != r.text.id)).collect();
        list.extend(own);
        Rules::of(list)
    }

    fn of(list: Vec<Rule>) -> Self {
        let shorts: Vec<Short> = list.iter().map(Short::of).collect();
        let errors: Vec<u64> = list.iter().map(|rule| asked(rule.words.error.as_ref())).collect();
        let of_error = |bit| errors.iter().enumerate().filter(move |(_, asked)| **asked & bit != 0).map(|(number, _)| number).collect();
        let by_error = [NONE].into_iter().chain((0..62).map(|number| 1 << number)).map(of_error).collect();
        Rules { list, shorts, by_error }
    }

    /// Returns all rules.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.list.iter()
    }

    /// Returns the first rule that fits.
    #[must_use]
    pub fn decide(&self, failed: &Failed) -> Option<&Rule> {
        let place = failed.failure.error.as_ref().map_or(Some(0), |error| Some(error.number()? + 1));
        let Some(rules) = place.and_then(|place| self.by_error.get(place)) else { return self.list.iter().find(|rule| rule.fits(failed)) };
        let looks = Looks::of(failed);
        let speaks = |number: &&usize| {
            let short = &self.shorts[**number];
            short.may_fit(&looks) && ((short.is_all && looks.is_all()) || self.list[**number].fits(failed))
        };
        rules.iter().find(speaks).map(|number| &self.list[*number])
    }
}

/// What the verdict on a failure needs of its session's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the failure itself decides, or what is known of its client and its server.
    Nothing,
    /// What came before it.
    Past,
    /// The same, once the session has ended; what comes behind a failure can show that it had not.
    PastOfEnded,
    /// All of it.
    All,
}

/// Returns what a failure of which a rule speaks needs of its session's timeline.
#[must_use]
pub fn needs(rule: Option<&Rule>, failed: &Failed) -> Needs {
    // a code that is gone teaches how old codes get, whoever decides
    if failed.with.gone.is_some() || failed.is_answered() {
        return Needs::All;
    }
    match rule.map(|r| &r.says) {
        Some(Says::Ask(Question::RefreshWithoutReason | Question::ExpiredOrSkewed)) => Needs::Past,
        Some(Says::Ask(Question::SessionOrMalformed)) if failed.failure.trust != Trust::Stored => Needs::PastOfEnded,
        Some(Says::Ask(question)) if question.asks_the_timeline() => Needs::All,
        _ => Needs::Nothing,
    }
}

/// Stands for a word that is not there.
const NONE: u64 = 1 << 63;

/// Stands for a word that is none of the known ones.
const OTHER: u64 = 1 << 62;

/// Returns a bit that stands for a word.
#[inline]
fn bit(word: Option<&Word>) -> u64 {
    word.map_or(NONE, |word| word.number().filter(|number| *number < 62).map_or(OTHER, |number| 1 << number))
}

/// Returns the bits of the words that a rule may ask for; all where it asks for none.
fn asked(words: Option<&Words>) -> u64 {
    words.map_or(u64::MAX, |words| (words.known_bits() | OTHER) & !NONE)
}

/// A failure in short.
#[derive(Debug)]
struct Looks {
    /// The bits of its event, its reason and its grant.
    words: [u64; 3],
    /// A bit for each of the fields and companions that it has.
    bits: u16,
}

impl Looks {
    fn of(failed: &Failed) -> Self {
        let f = &failed.failure;
        let fields = [f.user.is_some(), f.client.is_some(), f.session.is_some()];
        let companions = failed.with.0.as_ref().map_or(0, |_| flags(CompanionText::ALL.map(|companion| has(failed, companion))));
        Looks { words: [bit(Some(&f.event)), bit(f.reason.as_ref()), bit(f.grant.as_ref())], bits: flags(fields) | companions << 3 }
    }

    /// Whether there is no more to be known of its words.
    fn is_all(&self) -> bool {
        self.words.iter().fold(0, |all, word| all | word) & OTHER == 0
    }
}

/// A bit for each of these, the first in the lowest place.
fn flags<const N: usize>(is: [bool; N]) -> u16 {
    is.into_iter().rev().fold(0, |bits, is| bits << 1 | u16::from(is))
}

/// What a rule asks for, in short, but for the error.
#[derive(Debug, Clone, Copy)]
struct Short {
    /// The events, the reasons and the grants.
    words: [u64; 3],
    /// What must be there.
    there: u16,
    /// What must not be there.
    absent: u16,
    /// It asks for no more than that.
    is_all: bool,
}

impl Short {
    fn of(rule: &Rule) -> Self {
        let (text, words) = (&rule.text, &rule.words);
        let words = [&words.event, &words.reason, &words.grant].map(|words| asked(words.as_ref()));
        let mut short = Short { words, there: 0, absent: 0, is_all: text.reason_begins.is_none() && text.reason_contains.is_none() };
        for (place, field) in [text.user, text.client, text.session].into_iter().enumerate() {
            match field {
                Some(Presence::Known) => short.there |= 1 << place,
                Some(Presence::None) => short.absent |= 1 << place,
                None => {}
            }
        }
        if let Some(place) = text.companion.and_then(|c| CompanionText::ALL.into_iter().position(|other| other == c)) {
            short.there |= 1 << (3 + place);
        }
        short
    }

    /// Whether the rule may speak of a failure that looks so.
    #[inline]
    fn may_fit(&self, looks: &Looks) -> bool {
        looks.bits & self.there == self.there && looks.bits & self.absent == 0 && self.words.iter().zip(looks.words).all(|(asked, word)| asked & word != 0)
    }
}

/// Leaves out the lists of examples of a table that is written as the built-in one is: each list ends with a line of its own.
fn without_examples(text: &str) -> String {
    let mut inside = false;
    let kept = text.lines().filter(|line| {
        inside |= line.starts_with("examples = [") || line.starts_with("counter-examples = [");
        let is_kept = !inside;
        inside &= *line != "]";
        is_kept
    });
    kept.flat_map(|line| [line, "\n"]).collect()
}

fn wrong(text: &RuleText, what: &str) -> RuleError {
    RuleError::Rule { id: text.id.clone(), what: what.to_owned() }
}

/// Checks a rule and makes it ready.
fn ready(text: RuleText) -> Result<Rule, RuleError> {
    let says = match (text.cause, text.question) {
        (Some(_), Some(_)) => return Err(wrong(&text, "it names a cause and a question; it can have one")),
        (None, None) => return Err(wrong(&text, "it names neither a cause nor a question")),
        (None, Some(question)) => Says::Ask(question),
        (Some(cause), None) => {
            let confidence = text.confidence.unwrap_or(Confidence::Certain);
            let candidates = if text.candidates.is_empty() { vec![cause] } else { text.candidates.clone() };
            if candidates[0] != cause {
                return Err(wrong(&text, "its cause must be the first of its candidates"));
            }
            let several = candidates.len() > 1;
            if several == (confidence == Confidence::Certain) && cause != Cause::Unclassified {
                return Err(wrong(&text, "certain means one candidate, anything else means several"));
            }
            if cause == Cause::Unclassified && confidence == Confidence::Certain {
                return Err(wrong(&text, "unclassified is never certain"));
            }
            if text.detail.is_some_and(|d| !cause.details().contains(&d)) {
                return Err(wrong(&text, "its cause has no such detail"));
            }
            Says::Cause { cause, detail: text.detail, confidence, candidates }
        }
    };
    let words = |list: &Option<Vec<String>>| list.as_ref().map(Words::of);
    let words = Asked { error: words(&text.error), event: words(&text.event), reason: words(&text.reason), grant: words(&text.grant) };
    Ok(Rule { text, says, words })
}

#[inline]
fn listed(list: Option<&Words>, value: Option<&Word>) -> bool {
    list.is_none_or(|l| value.is_some_and(|v| l.has(v)))
}

fn presence(want: Option<Presence>, is: bool) -> bool {
    want.is_none_or(|p| (p == Presence::Known) == is)
}

impl Rule {
    /// Whether the rule speaks of this failure.
    #[must_use]
    pub fn fits(&self, failed: &Failed) -> bool {
        let (t, f, words) = (&self.text, &failed.failure, &self.words);
        let reason = f.reason.as_deref();
        // what most failures do not have is asked for first
        t.companion.is_none_or(|c| has(failed, c))
            && listed(words.error.as_ref(), f.error.as_ref())
            && listed(words.event.as_ref(), Some(&f.event))
            && listed(words.reason.as_ref(), f.reason.as_ref())
            && t.reason_begins.as_ref().is_none_or(|l| reason.is_some_and(|r| l.iter().any(|x| r.starts_with(x.as_str()))))
            && t.reason_contains.as_ref().is_none_or(|l| reason.is_some_and(|r| l.iter().any(|x| r.contains(x.as_str()))))
            && listed(words.grant.as_ref(), f.grant.as_ref())
            && presence(t.user, f.user.is_some())
            && presence(t.client, f.client.is_some())
            && presence(t.session, f.session.is_some())
    }
}

fn has(failed: &Failed, companion: CompanionText) -> bool {
    let with = &failed.with;
    match companion {
        CompanionText::CodeGone => with.gone.is_some(),
        CompanionText::CodeFormat => with.format.is_some(),
        CompanionText::CodeUuid => with.uuid.is_some(),
        CompanionText::CodeBound => with.bound.is_some(),
        CompanionText::CodeForeign => with.foreign.is_some_and(|(usual, _)| usual),
        CompanionText::CodeForeignCut => with.foreign.is_some_and(|(usual, _)| !usual),
        CompanionText::CodeTooLong => with.too_long.is_some_and(|t| t.0 == Parameter::Code),
        CompanionText::VerifierTooLong => with.too_long.is_some_and(|t| t.0 == Parameter::Verifier),
        CompanionText::AssertionNotActive => with.assertion.is_some_and(|a| a.0 == Assertion::NotActive),
        CompanionText::AssertionKeys => with.assertion.is_some_and(|a| a.0 == Assertion::NoKeys),
        CompanionText::AssertionOther => with.assertion.is_some_and(|a| a.0 == Assertion::Other),
        CompanionText::PkceUnexpected => with.pkce.is_some_and(|p| p.0 == Pkce::Unexpected),
    }
}
