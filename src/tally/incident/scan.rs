//! Where in a series failures are too many to have come by chance: the scan statistic.
//!
//! Of `n` failures that fall anywhere alike, the number in a part `p` of the time is binomial: what is tested needs no assumption about how often failures come.
//! Intervals are compared by the likelihood ratio of the scan statistic (Kulldorff, "A spatial scan statistic", 1997), which is also the exponent of a bound
//! of the binomial's tail (Hoeffding, "Probability inequalities for sums of bounded random variables", 1963, theorem 1); the few that remain are
//! judged by the tail itself.

use std::ops::Range;

use statrs::function::beta::checked_beta_reg;

use super::grid::{Grid, real};
use super::series::{Points, sum, within};

/// A rise that is no doubling is no incident, however sure it is: traffic alone changes by as much.
pub(crate) const RISE: f64 = 2.0;

/// Bursts of one series that are looked for.
const BURSTS: usize = 32;

/// Returns the exponent of the bound for `inside` or more of all failures where a part `p` of them is expected; 0 where there are no more than that.
pub(super) fn ratio(inside: u64, outside: u64, p: f64) -> f64 {
    let (s, rest) = (real(inside), real(outside));
    let n = s + rest;
    if n == 0.0 || p <= 0.0 || p >= 1.0 || s <= n * p {
        return 0.0;
    }
    let outside = if rest > 0.0 { rest * (rest / (n * (1.0 - p))).ln() } else { 0.0 };
    s * (s / (n * p)).ln() + outside
}

/// Returns the natural logarithm, negated, of the probability of `inside` or more of all failures where a part `p` of them is expected and one mishap brings
/// `dispersion` of them: the binomial's tail as an incomplete beta function, of which counts need not be whole.
pub(crate) fn surprise(inside: u64, outside: u64, p: f64, dispersion: f64) -> f64 {
    let bound = ratio(inside, outside, p) / dispersion;
    if bound <= 0.0 {
        return 0.0;
    }
    match checked_beta_reg(real(inside) / dispersion, real(outside) / dispersion + 1.0, p) {
        Ok(tail) if tail > f64::MIN_POSITIVE => -tail.ln(),
        // smaller than a number can be
        _ => bound,
    }
}

/// Returns the natural logarithm, negated, of the probability that one mishap comes in a part `p` of the time and alone brings `inside` failures. Of retries that go on
/// with the same chance each, the number is geometric; with mean `m` variance by mean of the counts is `2 m - 1` (compound Poisson distribution: Johnson, Kemp and
/// Kotz, "Univariate discrete distributions", 2005, section 9.3). Such a tail is heavier than that of many small mishaps: who tries again and again is no incident.
pub(super) fn one_mishap(inside: u64, p: f64, dispersion: f64) -> f64 {
    let mean = dispersion.midpoint(1.0);
    let again = (1.0 - 1.0 / mean).max(f64::MIN_POSITIVE);
    (real(inside) - 1.0).max(0.0) * -again.ln() - p.clamp(f64::MIN_POSITIVE, 1.0).ln()
}

/// Parts of the time that are looked at no more, in the order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken(pub(super) Vec<Range<usize>>);

impl Taken {
    pub(super) fn add(&mut self, range: Range<usize>) {
        self.0.push(range);
        self.0.sort_by_key(|r| r.start);
    }

    /// Returns how much of the time they take.
    pub(super) fn covered(&self, grid: Grid) -> f64 {
        self.0.iter().map(|r| grid.covered(r)).sum()
    }

    /// Returns the counts in none of them.
    pub(super) fn rest(&self, points: &Points) -> Points {
        points.iter().filter(|p| !self.0.iter().any(|r| r.contains(&p.0))).copied().collect()
    }

    /// Returns the times between them.
    fn between(&self, grid: Grid) -> Vec<Range<usize>> {
        let mut from = 0;
        let mut free = Vec::new();
        for taken in &self.0 {
            free.push(from..taken.start);
            from = taken.end;
        }
        free.push(from..grid.len);
        free.retain(|r| !r.is_empty());
        free
    }
}

/// Returns the parts of a series that may be bursts, the likeliest first: those whose exponent reaches `least` if no failure brings others with it.
pub(super) fn candidates(points: &Points, grid: Grid, least: f64) -> Vec<Range<usize>> {
    let mut taken = Taken::default();
    let mut found = Vec::new();
    while found.len() < BURSTS {
        let rest = taken.rest(points);
        let total = rest.iter().map(|p| p.1).sum();
        let time = grid.all() - taken.covered(grid);
        let parts = taken.between(grid);
        let best = parts.into_iter().filter_map(|part| best(&rest, total, time, &part, grid)).max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((range, exponent)) = best else { break };
        if exponent < least {
            break;
        }
        found.push(range.clone());
        taken.add(range);
    }
    found
}

/// Returns the likeliest burst in a part of the time. Intervals of lengths that double are tried from every window with a failure on; the best is then moved at
/// both ends.
fn best(points: &Points, total: u64, time: f64, part: &Range<usize>, grid: Grid) -> Option<(Range<usize>, f64)> {
    let points = within(points, part);
    let exponent = |inside: u64, range: &Range<usize>| {
        let covered = grid.covered(range);
        // cheaper than a logarithm, and most intervals fail it
        let expected = real(total - inside) * covered / (time - covered).max(1e-9);
        if real(inside) < RISE * expected { 0.0 } else { ratio(inside, total - inside, covered / time) }
    };
    let mut found: Option<(Range<usize>, f64)> = None;
    let mut length = 1;
    loop {
        let (mut inside, mut end) = (0, 0);
        for (start, first) in points.iter().enumerate() {
            while end < points.len() && points[end].0 < first.0 + length {
                inside += points[end].1;
                end += 1;
            }
            let range = first.0..points[end - 1].0 + 1;
            let here = exponent(inside, &range);
            if here > 0.0 && found.as_ref().is_none_or(|f| here > f.1) {
                found = Some((range, here));
            }
            inside -= points[start].1;
        }
        if length >= part.len() {
            break;
        }
        length *= 2;
    }
    let (range, mut most) = found?;
    let reach = 2 * range.len();
    let mut moved = range;
    for end in within(points, &(moved.start..moved.start + reach)).iter().map(|p| p.0 + 1) {
        let here = exponent(sum(points, &(moved.start..end)), &(moved.start..end));
        if here > most {
            (most, moved.end) = (here, end);
        }
    }
    for start in within(points, &(moved.end.saturating_sub(reach)..moved.end)).iter().map(|p| p.0) {
        let here = exponent(sum(points, &(start..moved.end)), &(start..moved.end));
        if here > most {
            (most, moved.start) = (here, start);
        }
    }
    Some((moved, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_bounds_the_binomial_tail() {
        // P(X >= 8), X binomial with n = 10, p = 0.3: 0.00159
        let exact: f64 = 45.0 * 0.3f64.powi(8) * 0.7f64.powi(2) + 10.0 * 0.3f64.powi(9) * 0.7 + 0.3f64.powi(10);
        let bound = (-ratio(8, 2, 0.3)).exp();
        assert!(exact <= bound && bound < 4.0 * exact, "{exact} {bound}");
        assert!((surprise(8, 2, 0.3, 1.0) + exact.ln()).abs() < 1e-9);
        assert!(surprise(8, 2, 0.3, 2.0) < surprise(8, 2, 0.3, 1.0) && surprise(9_000_000, 1, 0.1, 1.0) > 1e6);
        assert!((ratio(3, 7, 0.3)).abs() < 1e-12 && ratio(1, 9, 0.3) == 0.0);
        assert!((ratio(5, 0, 0.5) - 5.0 * 2f64.ln()).abs() < 1e-12);
    }
}
