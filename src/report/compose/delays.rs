//! Delays from the login to the failed request, as a distribution.

use crate::report::model::{DelayBar, Distribution};
use crate::tally::Delays;

/// Returns the distribution of some delays beside that of the usual ones; `None` where no delay was seen.
pub(super) fn distribution(delays: &Delays, usual: &Delays) -> Option<Distribution> {
    let (min_ms, max_ms) = delays.min.zip(delays.max)?;
    let keys = || delays.buckets.keys().chain(usual.buckets.keys()).copied();
    let (low, high) = keys().min().zip(keys().max())?;
    let edge = |bits: u8| 1_u64.checked_shl(u32::from(bits)).unwrap_or(u64::MAX);
    let bars = (low..=high)
        .map(|bits| DelayBar {
            from_ms: bits.checked_sub(1).map_or(0, edge),
            below_ms: edge(bits),
            count: delays.buckets.get(&bits).copied().unwrap_or(0),
            usual: usual.buckets.get(&bits).copied().unwrap_or(0),
        })
        .collect();
    Some(Distribution { min_ms, max_ms, count: delays.buckets.values().sum(), bars })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_no_gap_and_lose_nothing() {
        let mut delays = Delays::default();
        for ms in [-5, 0, 1, 3, 70_000] {
            delays.add(ms);
        }
        let d = distribution(&delays, &Delays::default()).expect("delays");
        assert_eq!((d.min_ms, d.max_ms, d.count), (-5, 70_000, 5));
        assert_eq!(d.bars.iter().map(|b| b.count).sum::<u64>(), 5);
        assert!(d.bars.windows(2).all(|pair| pair[0].below_ms == pair[1].from_ms), "{d:?}");
        assert!(d.bars.iter().any(|b| (b.from_ms..b.below_ms).contains(&70_000) && b.count == 1));
        assert_eq!(distribution(&Delays::default(), &delays), None);
    }
}
