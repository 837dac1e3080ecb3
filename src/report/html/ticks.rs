//! Round times for the axis of a picture.

use crate::report::terminal::moment::Moments;

/// Steps between labels, in seconds.
const STEPS: [i64; 20] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/// Returns at most so many round times of the zone's clock between two instants.
pub(super) fn ticks(moments: Moments, from: i64, to: i64, most: i64) -> Vec<i64> {
    let offset = moments.offset_ms(from);
    let fits = |step: &i64| (to - from) / (step * 1000) < most;
    let step = STEPS.into_iter().find(fits).unwrap_or_else(|| ((to - from) / most.max(1) / 86_400_000 + 1) * 86_400) * 1000;
    let first = (from + offset).div_euclid(step) * step + step - offset;
    (0..most).map(|n| first + n * step).filter(|t| *t < to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::clock::Zone;

    #[test]
    fn labels_stand_at_round_times_of_the_zone() {
        let noon = 1_795_435_200_000;
        let kolkata = Zone::Named(chrono_tz::Asia::Kolkata);
        for (zone, want) in [(Zone::Utc, "12:30:00"), (kolkata, "18:00:00")] {
            let moments = Moments::new(zone, Some((noon, noon + 7_200_000)));
            let found = ticks(moments, noon + 1_000, noon + 7_200_000, 5);
            assert!(found.len() >= 3 && found.len() <= 5, "{found:?}");
            assert!(found.iter().any(|t| moments.time(*t) == want), "{found:?}");
        }
    }
}
