//! One failure of a matter, with the flowchart as it was walked.

use super::Run;
use crate::finding::{Evidence, Finding};
use crate::report::model::{Answered, Instant, Kind, Proof, Walked};
use crate::triage::walk::{Answer, retell};

/// Returns a finding with the questions that led to it.
pub(super) fn walked(run: &Run<'_>, finding: &Finding) -> Walked {
    let text = |what: &str| run.scribe.logged(Kind::Text, what);
    let file = |evidence: &Evidence| run.scribe.logged(Kind::File, evidence.source.as_ref().unwrap_or(&finding.source));
    let steps = retell(finding).into_iter().map(|step| Answered {
        question: step.question,
        answer: match step.answer {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::CannotTell => "cannot-tell",
            Answer::Known => "known",
        },
        evidence: step.evidence.iter().map(|e| text(&e.what)).collect(),
        would_tell: step.would_tell,
    });
    Walked {
        id: finding.id.clone(),
        time: finding.time.map(|t| Instant(t.timestamp_millis())),
        node: run.scribe.logged(Kind::Node, &finding.node),
        file: run.scribe.logged(Kind::File, &finding.source),
        line: finding.line,
        about: text(&format!("{} {}", finding.event, finding.error.as_deref().unwrap_or_default())),
        address: finding.ip.as_deref().map(|ip| run.scribe.logged(Kind::Address, ip)),
        user: finding.user.as_deref().map(|user| run.scribe.logged(Kind::User, user)),
        session: finding.session.as_deref().map(|session| run.scribe.logged(Kind::Session, session)),
        trust: finding.trust,
        steps: steps.collect(),
        evidence: finding.evidence.iter().map(|e| Proof { file: file(e), line: e.line, what: text(&e.what) }).collect(),
    }
}
