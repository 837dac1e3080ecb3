use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn finding(realm: &str, client: &str, cause: Cause, confidence: Confidence) -> Box<Finding> {
    let finding = serde_json::json!({
        "schema": 1, "id": "0", "time": null, "realm": realm, "client": client, "cause": cause, "number": cause.number(), "detail": null,
        "confidence": confidence, "candidates": [cause], "event": "CODE_TO_TOKEN_ERROR", "error": null, "reason": null, "grant": null, "session": null,
        "user": null, "ip": null, "node": "kc-0", "source": "server.log", "line": 1, "evidence": [], "trust": "quoted"
    });
    serde_json::from_value(finding).expect("a finding")
}

fn found(realm: &str, client: &str, cause: Cause) -> Update {
    Update::Found(finding(realm, client, cause, Confidence::Certain))
}

fn shown(verdicts: &Verdicts) -> BTreeMap<(String, String), u64> {
    let mut sums = BTreeMap::new();
    for (realm, client, _, _, count) in verdicts.first() {
        *sums.entry((realm.to_owned(), client.to_owned())).or_default() += count.count;
    }
    sums
}

fn sum(of: &[((&str, &str), u64)]) -> BTreeMap<(String, String), u64> {
    of.iter().map(|((realm, client), count)| ((realm.to_string(), client.to_string()), *count)).collect()
}

#[test]
fn those_that_come_first_are_counted_apart_for_good() {
    let mut verdicts = Verdicts::default();
    for client in ["a", "b", "c", "a", "c", "d"] {
        verdicts.count(&found("shop", client, Cause::CodeExpired), 1, 2);
    }
    verdicts.count(&found("mall", "a", Cause::CodeExpired), 1, 2);
    let want = sum(&[(("shop", "a"), 2), (("shop", "b"), 1), (("shop", OTHER), 3), (("mall", OTHER), 1)]);
    assert_eq!(shown(&verdicts), want);
    // more room takes nothing out of the rest
    verdicts.count(&found("shop", "c", Cause::CodeExpired), 1, 10);
    assert_eq!(shown(&verdicts)[&("shop".to_owned(), OTHER.to_owned())], 3);
    assert_eq!((shown(&verdicts)[&("shop".to_owned(), "c".to_owned())], verdicts.pairs()), (1, 3));
    // and less room takes none away
    verdicts.count(&found("shop", "a", Cause::CodeExpired), 1, 1);
    assert_eq!(shown(&verdicts)[&("shop".to_owned(), "a".to_owned())], 3);
}

#[test]
fn made_up_clients_leave_room_for_real_ones() {
    let mut verdicts = Verdicts::default();
    for i in 0..1000 {
        verdicts.count(&found("shop", &format!("guess-{i}"), Cause::ClientNotFound), 1, 50);
    }
    verdicts.count(&found("shop", "web-portal", Cause::CodeExpired), 1, 50);
    verdicts.count(&found("shop", "guess-999", Cause::ClientDisabled), 1, 50);
    let shown = shown(&verdicts);
    assert_eq!(shown[&("shop".to_owned(), OTHER.to_owned())], 995);
    assert_eq!((shown[&("shop".to_owned(), "web-portal".to_owned())], shown[&("shop".to_owned(), "guess-999".to_owned())]), (1, 1));
    assert_eq!(verdicts.pairs(), 7);
}

#[test]
fn made_up_realms_are_bounded_too() {
    let mut verdicts = Verdicts::default();
    for i in 0..1000 {
        verdicts.count(&found(&format!("realm-{i}"), "a", Cause::CodeExpired), 1, 5);
    }
    assert_eq!(shown(&verdicts).len(), 5 + REALMS + 1);
    assert_eq!(shown(&verdicts).values().sum::<u64>(), 1000);
}

/// What can happen to a run.
#[derive(Debug, Clone)]
enum Step {
    Found(u8, Cause, Confidence),
    Revised(Cause, Cause),
    /// It is killed, and goes on from what was saved last.
    Killed,
    Saved(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let cause = || prop::sample::select(Cause::ALL.to_vec());
    let confidence = prop::sample::select(Confidence::ALL.to_vec());
    prop_oneof![
        6 => (0..12_u8, cause(), confidence).prop_map(|(client, cause, confidence)| Step::Found(client, cause, confidence)),
        2 => (cause(), cause()).prop_map(|(from, to)| Step::Revised(from, to)),
        1 => Just(Step::Killed),
        2 => (1..20_usize).prop_map(Step::Saved),
    ]
}

type Counts = BTreeMap<(String, String, Cause, Confidence), u64>;

fn counts(verdicts: &Verdicts) -> (Counts, BTreeMap<(Cause, Cause), u64>) {
    let mut first = Counts::new();
    for (realm, client, cause, confidence, count) in verdicts.first() {
        *first.entry((realm.to_owned(), client.to_owned(), cause, confidence)).or_default() += count.count;
    }
    (first, verdicts.revised().map(|(from, to, count)| ((from, to), count.count)).collect())
}

proptest! {
    /// What is shown is what was saved last, as `tail` does it.
    #[test]
    fn no_count_that_was_shown_ever_falls(steps in prop::collection::vec(step(), 0..200)) {
        let (mut verdicts, mut saved, mut most) = (Verdicts::begun(0), postcard::to_stdvec(&Verdicts::begun(0)).expect("bytes"), 3);
        let (mut highest, mut failures, mut corrections) = (counts(&verdicts), 0_u64, 0_u64);
        let (mut failures_saved, mut corrections_saved) = (0, 0);
        for (now, step) in steps.into_iter().enumerate() {
            let now = i64::try_from(now).expect("small");
            match step {
                Step::Found(client, cause, confidence) => {
                    // one client is called as the rest is
                    let name = if client == 0 { OTHER.to_owned() } else { format!("c{client}") };
                    verdicts.count(&Update::Found(finding("shop", &name, cause, confidence)), now, most);
                    failures += 1;
                }
                Step::Revised(from, to) => {
                    let finding = finding("shop", "c1", to, Confidence::Certain);
                    verdicts.count(&Update::Revised { finding, from, confidence: Confidence::Likely }, now, most);
                    corrections += 1;
                }
                Step::Saved(room) => {
                    (saved, most) = (postcard::to_stdvec(&verdicts).expect("bytes"), room);
                    (failures_saved, corrections_saved) = (failures, corrections);
                }
                Step::Killed => {
                    verdicts = postcard::from_bytes(&saved).expect("what was saved");
                    (failures, corrections) = (failures_saved, corrections_saved);
                }
            }
            let shown = counts(&postcard::from_bytes(&saved).expect("what was saved"));
            prop_assert!(highest.0.iter().all(|(key, count)| shown.0.get(key) >= Some(count)));
            prop_assert!(highest.1.iter().all(|(key, count)| shown.1.get(key) >= Some(count)));
            highest = shown;
        }
        let (first, revised) = counts(&verdicts);
        prop_assert_eq!(first.values().sum::<u64>(), failures);
        prop_assert_eq!(revised.values().sum::<u64>(), corrections);
    }
}
