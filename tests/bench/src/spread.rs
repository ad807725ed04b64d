//! The distribution of a figure over the rounds.

/// The median and how far the rounds are spread.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    /// A quarter of the rounds is below.
    pub(crate) low: f64,
    pub(crate) median: f64,
    /// A quarter of the rounds is above.
    pub(crate) high: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` when there was no round.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            min: *values.first()?,
            low: quantile(&values, 0.25),
            median: quantile(&values, 0.5),
            high: quantile(&values, 0.75),
            max: *values.last()?,
        })
    }
}

/// Between two values it is interpolated linearly.
fn quantile(sorted: &[f64], at: f64) -> f64 {
    let place = at * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_rounds_does_not_matter() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { min: 1.0, low: 2.0, median: 3.0, high: 4.0, max: 5.0 });
    }

    #[test]
    fn between_two_rounds_it_is_on_the_line() {
        let spread = Spread::of([10.0, 20.0]).unwrap();
        assert_eq!(spread, Spread { min: 10.0, low: 12.5, median: 15.0, high: 17.5, max: 20.0 });
    }

    #[test]
    fn without_rounds_there_is_none() {
        assert_eq!(Spread::of([]), None);
    }
}
