//! A row of blocks: how many came when.

/// From few to many; none is a dot.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How the log's time is cut into the columns of a strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) struct Scale {
    start: i64,
    step: i64,
    /// Columns.
    pub(in crate::report) columns: usize,
}

impl Scale {
    /// Cuts a time into at most `most` columns of a round length, none shorter than the windows that were counted; `None` where that leaves
    /// nothing to see.
    pub(in crate::report) fn new(from: i64, to: i64, window_ms: i64, most: usize) -> Option<Scale> {
        const ROUND: [i64; 18] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
        let most_ms = i64::try_from(most).ok()?;
        let fits = |step: i64| to.div_euclid(step) - from.div_euclid(step) < most_ms;
        let days = (1..).map(|n| n * 86_400_000).take(10_000);
        let step = ROUND.into_iter().map(|s| s * 1000).chain(days).find(|step| *step >= window_ms && step % window_ms == 0 && fits(*step))?;
        let columns = usize::try_from(to.div_euclid(step) - from.div_euclid(step) + 1).ok()?;
        (columns >= 4).then_some(Scale { start: from.div_euclid(step) * step, step, columns })
    }

    /// Returns the length of a column in milliseconds.
    pub(in crate::report) fn step_ms(self) -> i64 {
        self.step
    }

    /// Returns the start of the first column.
    pub(in crate::report) fn start_ms(self) -> i64 {
        self.start
    }

    /// Adds up counts by the starts of their windows, a sum for each column.
    pub(in crate::report) fn sums(self, windows: impl IntoIterator<Item = (i64, u64)>) -> Vec<u64> {
        let mut sums = vec![0_u64; self.columns];
        for (start, count) in windows {
            let column = (start.max(self.start) - self.start) / self.step;
            if let Some(sum) = usize::try_from(column).ok().and_then(|c| sums.get_mut(c)) {
                *sum += count;
            }
        }
        sums
    }

    /// Draws counts by the starts of their windows. The tallest block is this strip's own peak.
    pub(in crate::report) fn draw(self, windows: impl IntoIterator<Item = (i64, u64)>) -> String {
        let sums = self.sums(windows);
        let peak = sums.iter().copied().max().unwrap_or(0).max(1);
        sums.into_iter()
            .map(|n| match n {
                0 => '·',
                _ => BLOCKS[usize::try_from(u128::from(n) * 8 / u128::from(peak)).unwrap_or(8).clamp(1, 8) - 1],
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_blocks() {
        let scale = Scale::new(5_000, 79_000, 10_000, 10).expect("a scale");
        assert_eq!((scale.columns, scale.step_ms()), (8, 10_000));
        assert_eq!(scale.draw([(0, 1), (10_000, 8), (30_000, 4), (70_000, 16)]), "▁▄·▂···█");
    }

    #[test]
    fn a_short_log_has_no_strip_and_a_long_one_has_round_steps() {
        assert_eq!(Scale::new(0, 9_000, 10_000, 20), None);
        assert_eq!(Scale::new(0, 7_800_000, 10_000, 24).map(Scale::step_ms), Some(600_000));
        assert_eq!(Scale::new(0, 40 * 86_400_000, 10_000, 24).map(Scale::step_ms), Some(2 * 86_400_000));
    }
}
