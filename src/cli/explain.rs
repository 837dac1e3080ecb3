//! `explain`: a cause, an answer of the token endpoint, or how log lines are read.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use kctriage::cause::{Catalogue, Cause, Explanation};
use kctriage::report::escape::Untrusted;
use kctriage::signal::relayed::{self, ANSWERS};
use kctriage::triage::walk::{Answer, Step, Walk, walk};
use unicode_width::UnicodeWidthStr;

use super::prose::{Prose, Tone, padded};
use super::settings::{self, Explain};
use super::terminal::Terminal;
use super::{Error, Exit};

/// Most bytes of lines that are walked: a few lines are meant, not a log.
const LONGEST: u64 = 16 << 20;

/// Walks that are printed.
const WALKS: usize = 20;

/// Columns of a log's own text.
const EXCERPT: usize = 200;

/// What the words ask for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Cause(Cause),
    Answer(Told),
    Lines(Vec<u8>),
}

/// What clients are told, and what can have caused it.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    message: &'static str,
    /// The most common first, where that is known; the others in the order of the catalogue.
    causes: Vec<Cause>,
}

/// Runs the command.
pub fn run(settings: &Explain) -> Result<Exit, Error> {
    let asked = match settings.words.join(" ").trim() {
        "" if io::stdin().is_terminal() => Asked::All,
        "" | "-" => piped()?,
        words => read(words)?,
    };
    let mut exit = Exit::Done;
    let text = match asked {
        Asked::All => all(settings.terminal),
        Asked::Cause(cause) => one(Catalogue::builtin().get(cause), settings.terminal),
        Asked::Answer(told) => answer(&told, settings.terminal),
        Asked::Lines(lines) => {
            let walks = walk(&lines, &settings.rules, settings.life_ms);
            if walks.iter().all(|w| w.subject == kctriage::triage::walk::Subject::Unknown) {
                exit = Exit::Input;
            }
            told(&walks, settings.terminal)
        }
    };
    io::stdout().lock().write_all(text.as_bytes()).map_err(Error::Output)?;
    Ok(exit)
}

/// Reads lines from standard input; nothing there asks for everything.
fn piped() -> Result<Asked, Error> {
    let mut lines = Vec::new();
    let read = io::stdin().lock().take(LONGEST + 1).read_to_end(&mut lines);
    read.map_err(|error| Error::Usage { what: format!("standard input: cannot be read: {error}"), advice: String::new() })?;
    if lines.len() as u64 > LONGEST {
        let advice = "kctriage scan reads whole logs".into();
        return Err(Error::Usage { what: "standard input: more than 16 MiB, and explain reads a few lines".into(), advice });
    }
    Ok(if lines.iter().all(u8::is_ascii_whitespace) { Asked::All } else { Asked::Lines(lines) })
}

/// Says what the words ask for.
fn read(words: &str) -> Result<Asked, Error> {
    let advice = match settings::cause(words) {
        Ok(cause) => return Ok(Asked::Cause(cause)),
        Err(advice) => advice,
    };
    let bare = words.trim_matches(['"', '\'']);
    if let Some(told) = told_to_clients(bare) {
        return Ok(Asked::Answer(told));
    }
    if looks_like_a_line(words) {
        return Ok(Asked::Lines(words.as_bytes().to_vec()));
    }
    if let Some(told) = relayed::read(words.as_bytes(), 0).and_then(|found| told_to_clients(bare_message(found.answer))) {
        return Ok(Asked::Answer(told));
    }
    let what = format!("{words:?} is no cause, no answer of the token endpoint and no log line");
    let advice = if Path::new(words).exists() { format!("it is a file: kctriage scan {}", settings::quoted(&[words.into()])) } else { advice };
    Err(Error::Usage { what, advice: format!("{advice}\nkctriage explain lists all causes") })
}

fn bare_message(answer: usize) -> &'static str {
    ANSWERS[answer].message.trim_matches('"')
}

/// Returns the parts of a catalogue's answer, `401 invalid_client: Invalid client or Invalid client credentials (16)`, that a client can be asked about: its
/// error, and its messages.
fn parts(answer: &'static str) -> impl Iterator<Item = &'static str> {
    let marks = answer.split(": ").flat_map(|part| part.split(" or ")).flat_map(|part| part.split([';', '(', ')']));
    marks.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()).trim()).filter(|part| !part.is_empty())
}

/// Returns the answer that such words are, in small letters or capitals.
fn told_to_clients(words: &str) -> Option<Told> {
    let mut told = None;
    if let Some(number) = (0..ANSWERS.len()).find(|n| bare_message(*n).eq_ignore_ascii_case(words)) {
        told = Some(Told { message: bare_message(number), causes: ANSWERS[number].candidates.to_vec() });
    }
    for e in Catalogue::builtin().iter() {
        // the whole message, or one of its parts
        let whole = |answer: &'static str| answer.split_once(": ").and_then(|(_, message)| message.split(" (").next());
        let named = e.answers.iter().flat_map(|answer| parts(answer).chain(whole(answer))).find(|part| part.eq_ignore_ascii_case(words));
        if let Some(message) = named {
            let causes = &mut told.get_or_insert(Told { message, causes: Vec::new() }).causes;
            if !causes.contains(&e.slug) {
                causes.push(e.slug);
            }
        }
    }
    // what fits nothing else comes last
    if let Some(told) = &mut told {
        told.causes.sort_by_key(|cause| *cause == Cause::Unclassified);
    }
    told
}

/// Whether the words come from a log: they hold an event list, a logger, or an object.
fn looks_like_a_line(words: &str) -> bool {
    words.contains("type=") || words.contains("] (") || words.starts_with(['{', '['])
}

/// The causes with what they mean.
fn all(terminal: Terminal) -> String {
    let mut prose = Prose::new(terminal);
    let slugs = Cause::ALL.iter().map(|c| c.slug().width()).max().unwrap_or_default();
    prose.heading("The nine causes");
    for e in Catalogue::builtin().iter() {
        if e.slug == Cause::CodeMalformed {
            prose.heading("Beyond the nine");
        }
        let number = e.number.map_or_else(|| "–".to_owned(), |n| n.to_string());
        prose.marked(2, &format!("{number} {}  ", padded(e.slug.slug(), slugs)), Tone::Strong, Tone::Plain, &e.summary);
    }
    prose.gap();
    prose.line(0, Tone::Advice, "kctriage explain code-reused");
    prose.finish()
}

/// All that is known of a cause.
fn one(e: &Explanation, terminal: Terminal) -> String {
    let mut prose = Prose::new(terminal);
    let number = e.number.map(|n| format!("{n} ")).unwrap_or_default();
    let slug = if e.slug.slug().replace('-', " ") == e.title.to_lowercase() { String::new() } else { format!(" ({})", e.slug) };
    prose.line(0, Tone::Strong, &format!("{number}{}{slug}", e.title));
    prose.paragraph(0, Tone::Plain, &e.summary);
    prose.heading("What happens");
    prose.paragraph(2, Tone::Plain, &e.what.replace('\n', " "));
    if !e.details.is_empty() {
        prose.heading("Details");
        let widest = e.details.keys().map(|d| d.slug().width()).max().unwrap_or_default();
        for (detail, text) in &e.details {
            prose.marked(2, &format!("{}  ", padded(detail.slug(), widest)), Tone::Strong, Tone::Plain, text);
        }
    }
    list("Why", "- ", &e.why, &mut prose);
    steps("How to verify", &e.verify, &mut prose);
    steps("How to fix", &e.fix, &mut prose);
    list("What the client is told", "- ", &e.answers, &mut prose);
    prose.heading("How sure");
    if e.certain_when.is_empty() {
        prose.paragraph(2, Tone::Plain, "Never certain.");
    } else {
        prose.line(2, Tone::Plain, "Certain when one of these holds:");
    }
    for text in &e.certain_when {
        prose.item(2, "- ", Tone::Plain, text);
    }
    if !e.cannot_tell.is_empty() {
        prose.paragraph(2, Tone::Plain, &e.cannot_tell);
    }
    list("Read on", "- ", &e.references, &mut prose);
    prose.finish()
}

fn list(heading: &str, mark: &str, texts: &[String], prose: &mut Prose) {
    if !texts.is_empty() {
        prose.heading(heading);
    }
    for text in texts {
        prose.item(2, mark, Tone::Plain, text);
    }
}

/// Steps are numbered: they are done in order.
fn steps(heading: &str, texts: &[String], prose: &mut Prose) {
    prose.heading(heading);
    for (number, text) in (1..).zip(texts) {
        prose.item(2, &format!("{number}. "), Tone::Plain, text);
    }
}

/// What an answer of the token endpoint can mean.
fn answer(told: &Told, terminal: Terminal) -> String {
    let mut prose = Prose::new(terminal);
    let Told { message, causes } = told;
    let alone = causes.len() == 1;
    let is_ordered = (0..ANSWERS.len()).any(|n| bare_message(n) == *message);
    let can = match (alone, is_ordered) {
        (true, _) => "It means:",
        (false, true) => "It can mean, the most common first:",
        (false, false) => "It can mean:",
    };
    prose.paragraph(0, Tone::Strong, &format!("\"{message}\" is what the client was told. {can}"));
    let slugs = causes.iter().map(|c| c.slug().width()).max().unwrap_or_default();
    for cause in causes {
        let e = Catalogue::builtin().get(*cause);
        prose.marked(2, &format!("{}  ", padded(cause.slug(), slugs)), Tone::Strong, Tone::Plain, &e.summary);
    }
    prose.gap();
    prose.paragraph(
        0,
        Tone::Plain,
        if alone { "The server's log says for whom and since when:" } else { "The answer does not tell which; the server's log mostly does:" },
    );
    prose.line(2, Tone::Advice, "kctriage scan server.log");
    if let Some(first) = causes.first() {
        prose.line(2, Tone::Advice, &format!("kctriage explain {first}"));
    }
    prose.finish()
}

/// How lines are read.
fn told(walks: &[Walk], terminal: Terminal) -> String {
    let mut prose = Prose::new(terminal);
    for walk in walks.iter().take(WALKS) {
        prose.gap();
        let place = if walks.len() > 1 { format!("line {}: ", walk.line) } else { String::new() };
        prose.paragraph(0, Tone::Strong, &format!("{place}{}", Untrusted::new(&walk.about).terminal(EXCERPT)));
        if !walk.steps.is_empty() {
            prose.gap();
        }
        let widest = walk.steps.iter().map(|s| s.question.width()).max().unwrap_or_default();
        for step in &walk.steps {
            self::step(step, walk.line, widest, &mut prose);
        }
        if !walk.steps.is_empty() {
            prose.gap();
        }
        let tone = if walk.finding.is_some() { Tone::Strong } else { Tone::Plain };
        prose.item(2, if walk.steps.is_empty() { "" } else { "So: " }, tone, &Untrusted::new(&walk.so).terminal(usize::MAX));
        if let Some(finding) = &walk.finding {
            prose.line(2, Tone::Advice, &format!("kctriage explain {}", finding.cause));
        }
    }
    let more = walks.len().saturating_sub(WALKS);
    if more > 0 {
        prose.gap();
        prose.line(0, Tone::Plain, &format!("and {more} more; kctriage scan reads whole logs"));
    }
    prose.finish()
}

/// One question, its answer, and what says so. Narrow terminals have the answer below the question.
fn step(step: &Step, line: u64, widest: usize, prose: &mut Prose) {
    let (word, tone) = match step.answer {
        Answer::Yes => ("yes", Tone::Good),
        Answer::No => ("no", Tone::Alarm),
        Answer::CannotTell => ("cannot tell", Tone::Doubt),
        Answer::Known => ("", Tone::Plain),
    };
    let evidence = |e: &kctriage::finding::Evidence| {
        let what = Untrusted::new(&e.what).terminal(EXCERPT);
        if e.line == line { what } else { format!("line {}: {what}", e.line) }
    };
    let said: Vec<String> = step.evidence.iter().map(evidence).collect();
    let said = said.join("; ");
    let text = match (word, said.as_str()) {
        (word, "") => word.to_owned(),
        ("", said) => said.to_owned(),
        (word, said) => format!("{word}: {said}"),
    };
    let indent = if prose.width() >= widest + 40 {
        prose.marked(2, &format!("{}  ", padded(step.question, widest)), Tone::Plain, tone, &text);
        widest + 4
    } else {
        prose.paragraph(2, Tone::Plain, step.question);
        prose.paragraph(4, tone, &text);
        4
    };
    if let Some(tell) = &step.would_tell {
        would_tell(&Untrusted::new(tell).terminal(EXCERPT), indent, prose);
    }
}

/// What would answer a question. A command stands on a line of its own, so that it can be copied.
fn would_tell(tell: &str, indent: usize, prose: &mut Prose) {
    if let Some(why_not) = tell.strip_prefix("nothing: ") {
        return prose.paragraph(indent, Tone::Plain, why_not);
    }
    match tell.split_once(": kctriage ") {
        Some((what, command)) => {
            prose.paragraph(indent, Tone::Plain, &format!("needs {what}:"));
            prose.line(indent, Tone::Advice, &format!("kctriage {command}"));
        }
        None => prose.paragraph(indent, Tone::Plain, &format!("needs {tell}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_causes_answers_or_lines() {
        let line = "type=CODE_TO_TOKEN_ERROR, realmId=r, clientId=c, error=invalid_code";
        let table = [
            ("code-reused", Asked::Cause(Cause::CodeReused)),
            ("2", Asked::Cause(Cause::CodeReused)),
            ("Code reused", Asked::Cause(Cause::CodeReused)),
            (line, Asked::Lines(line.into())),
        ];
        for (words, want) in table {
            assert_eq!(read(words).ok(), Some(want), "{words}");
        }
    }

    #[test]
    fn every_answer_of_the_catalogue_is_known_with_its_cause() {
        for e in Catalogue::builtin().iter() {
            for text in e.answers.iter().filter(|text| text.contains(": ") && e.slug != Cause::Unclassified) {
                let (error, message) = text.split_once(": ").expect("it has one");
                let (error, message) = (error.rsplit(' ').next().expect("a word"), message.split(" (").next().expect("a text"));
                for words in [error, message].into_iter().chain(message.split(" or ")) {
                    match read(words) {
                        // a title, too
                        Ok(Asked::Cause(cause)) => assert_eq!(cause, e.slug, "{words}"),
                        Ok(Asked::Answer(told)) => assert!(told.causes.contains(&e.slug), "{words}: {told:?} lacks {}", e.slug),
                        other => panic!("{words}: {other:?}"),
                    }
                }
            }
        }
        let causes = |words: &str| match read(words) {
            Ok(Asked::Answer(told)) => (told.message, told.causes),
            other => panic!("{other:?}"),
        };
        let code = ("Code not valid", vec![Cause::CodeExpired, Cause::CodeReused, Cause::SessionTerminated, Cause::CodeMalformed]);
        assert_eq!(causes("code not valid"), code);
        assert_eq!(causes("400 Bad Request: Code not valid"), code);
        let (message, of_grants) = causes("invalid_grant");
        assert_eq!((message, of_grants[0], of_grants.last()), ("invalid_grant", Cause::CodeExpired, Some(&Cause::Unclassified)));
        assert!([Cause::PkceMismatch, Cause::RedirectUriMismatch, Cause::SessionTerminated].iter().all(|c| of_grants.contains(c)), "{of_grants:?}");
    }

    #[test]
    fn unknown_words_get_the_nearest_causes() {
        let said = |words: &str| match read(words) {
            Err(Error::Usage { advice, .. }) => advice,
            other => panic!("{other:?}"),
        };
        assert_eq!(said("code-expird"), "did you mean code-expired?\nkctriage explain lists all causes");
        assert_eq!(said("Cargo.toml"), "it is a file: kctriage scan Cargo.toml\nkctriage explain lists all causes");
    }
}
