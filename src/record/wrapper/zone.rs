//! How far the wrapper's times are ahead of the lines' own, which says the zone of stamps that name none.

use super::detect::Sample;
use super::head;

/// Lines that have to agree.
const ENOUGH: usize = 3;

/// What a quarter of an hour may be missed by: the way from the server to the wrapper.
const SLACK_MS: i64 = 5 * 60_000;

/// What the way of one line may differ from another's by: with more the wrapper's times are those of a later import.
const SPREAD_MS: i64 = 60_000;

const QUARTER_MS: i64 = 15 * 60_000;

/// Returns the minutes; `None` where too few lines say, they differ, or no zone is that far off.
pub(super) fn minutes(samples: &[Sample]) -> Option<i32> {
    let mut agreed: Option<i64> = None;
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    let mut lines = 0;
    for sample in samples {
        let Some((time, local)) = sample.time.and_then(|t| Some((t, head::local_time(&sample.text)?))) else { continue };
        let ahead = time.checked_sub(local)?;
        let rounded = (ahead + QUARTER_MS / 2).div_euclid(QUARTER_MS) * QUARTER_MS;
        (least, most) = (least.min(ahead), most.max(ahead));
        if most - least > SPREAD_MS {
            return None;
        }
        if (ahead - rounded).abs() >= SLACK_MS || agreed.is_some_and(|a| a != rounded) {
            return None;
        }
        agreed = Some(rounded);
        lines += 1;
    }
    let minutes = agreed.filter(|_| lines >= ENOUGH)? / 60_000;
    // zones are from 12 hours behind UTC to 14 hours ahead of it
    (-14 * 60..=12 * 60).contains(&minutes).then(|| i32::try_from(minutes).ok())?
}
