//! Findings and their few words.

use super::*;
use crate::cause::Detail;
use crate::finding::Evidence;

fn finding(cause: Cause, confidence: Confidence, evidence: &[&str]) -> Finding {
    let text = r#"{"schema":1,"id":"0","time":null,"realm":null,"client":null,"cause":"unclassified","number":null,"detail":null,"confidence":"likely","candidates":["unclassified"],
        "event":"CODE_TO_TOKEN_ERROR","error":"invalid_code","reason":null,"grant":null,"session":null,"user":null,"ip":null,"node":"","source":"","line":1,"evidence":[],"trust":"json"}"#;
    let evidence = evidence.iter().map(|what| Evidence { source: None, line: 1, what: (*what).to_owned() }).collect();
    Finding { cause, confidence, evidence, candidates: vec![cause], ..serde_json::from_str(text).expect("a finding") }
}

#[test]
fn the_words_that_say_most_are_picked() {
    use Cause::{ClientNotFound, CodeExpired, CodeReused, RefreshTokenInvalid, SessionTerminated, WrongClientSecret};
    use Confidence::{Ambiguous, Certain, Likely};
    let two = vec![CodeExpired, CodeReused];
    let reason = "the event's reason says that the token was used before";
    let table = [
        (
            Finding { delay_ms: Some(62_400), ..finding(CodeExpired, Certain, &["code already used or expired"]) },
            None,
            "62.4 s after login (default lifespan 60 s)",
        ),
        (Finding { delay_ms: Some(62_400), ..finding(CodeExpired, Certain, &[]) }, Some(30_000), "62.4 s after login (lifespan 30 s)"),
        (Finding { delay_ms: Some(4_500), ..finding(CodeExpired, Certain, &[]) }, None, "4.5 s after login (so the lifespan is less)"),
        (Finding { delay_ms: Some(4_500), candidates: two.clone(), ..finding(CodeExpired, Likely, &[]) }, None, "4.5 s after login; or code reused"),
        (Finding { candidates: two, ..finding(CodeExpired, Ambiguous, &["code already used or expired"]) }, None, "or code reused"),
        (finding(CodeReused, Certain, &["LOGIN 1.0 s earlier", "CODE_TO_TOKEN 40 ms earlier"]), None, "exchanged 40 ms earlier"),
        (
            finding(WrongClientSecret, Certain, &["its credentials last worked 3 s earlier", "an administrator regenerated it"]),
            None,
            "an administrator regenerated it",
        ),
        (finding(SessionTerminated, Certain, &["LOGIN 1.0 s earlier", "the session ended 20 ms earlier"]), None, "the session ended 20 ms earlier"),
        (Finding { detail: Some(Detail::Rotated), ..finding(RefreshTokenInvalid, Certain, &[reason]) }, None, "rotated: the token was used before"),
        (finding(ClientNotFound, Certain, &["answered 401 with 93 bytes: invalid_client, \"x\""]), None, "401 invalid_client, \"x\""),
    ];
    for (finding, life, want) in table {
        assert_eq!(why(&finding, life), want);
    }
}
