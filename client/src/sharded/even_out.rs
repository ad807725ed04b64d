//! Which units to move so that each shard has what its buyers will need.

use super::plan::Move;
use super::servers::Figures;
use super::transfer::MAX_UNITS;

/// Moves that give each shard its share, at most one for each shard. Half of the stock is shared evenly, half as the shards
/// sold lately. What cannot be divided goes to the shards that would get most of the next unit; among equals the first one
/// is the shard of this number, so that it can be another one each time.
///
/// A shard that has half of its share is left alone: its next buyers do not need more.
pub(super) fn even_out(shards: &[Option<Figures>], sold_lately: &[u64], first: usize) -> Vec<Move> {
    moves(shards, sold_lately, first, |share| share.div_ceil(2))
}

/// The same, so that all have equally many.
pub(super) fn spread(shards: &[Option<Figures>]) -> Vec<Move> {
    moves(shards, &[], 0, |share| share)
}

fn moves(
    shards: &[Option<Figures>],
    sold_lately: &[u64],
    first: usize,
    enough: impl Fn(u64) -> u64,
) -> Vec<Move> {
    let known: Vec<usize> = (0..shards.len()).filter(|shard| shards[*shard].is_some()).collect();
    let has = |shard: usize| shards[shard].map_or(0, |figures| figures.available);
    let weights: Vec<u64> = known.iter().map(|shard| sold_lately.get(*shard).copied().unwrap_or(0)).collect();
    let stock = known.iter().fold(0u64, |sum, shard| sum.saturating_add(has(*shard)));
    let position = known.iter().position(|shard| *shard >= first).unwrap_or(0);
    let shares = shares(stock, &weights, position);

    let mut surplus = Vec::new();
    let mut lacking = Vec::new();
    for (&shard, &share) in known.iter().zip(&shares) {
        let has = has(shard);
        if has > share {
            surplus.push((has - share, shard));
        } else if has < enough(share) {
            lacking.push((share - has, shard));
        }
    }
    surplus.sort_unstable();
    lacking.sort_unstable();
    let mut moves = Vec::new();
    while let (Some((lacks, to)), Some((rest, from))) = (lacking.pop(), surplus.pop()) {
        let units = lacks.min(rest);
        moves.push(Move { from, to, units: units.min(MAX_UNITS) });
        if lacks > units {
            lacking.push((lacks - units, to));
        }
        if rest > units {
            surplus.push((rest - units, from));
        }
    }
    moves
}

/// What each gets of so many units.
fn shares(stock: u64, weights: &[u64], first: usize) -> Vec<u64> {
    let count = weights.len().max(1) as u128;
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    // Each weighs as much as all sold lately, on average: this is the half that is shared evenly.
    let of = |weight: u64| if sum == 0 { 1 } else { sum.div_ceil(count) + u128::from(weight) };
    let total = weights.iter().map(|weight| of(*weight)).sum::<u128>().max(1);
    let exact = |weight: u64| u128::from(stock) * of(weight);
    // A share is no more than the stock.
    let mut shares: Vec<u64> = weights.iter().map(|weight| (exact(*weight) / total) as u64).collect();
    let left = stock - shares.iter().sum::<u64>();

    let mut next: Vec<usize> = (0..weights.len()).collect();
    next.rotate_left(first);
    next.sort_by_key(|shard| std::cmp::Reverse(exact(weights[*shard]) % total));
    for shard in next.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        shares[shard] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(available: &[u64]) -> Vec<Option<Figures>> {
        let figures = |available: &u64| Figures { available: *available, taken: 0, seq: 1, term: 1 };
        available.iter().map(figures).map(Some).collect()
    }

    fn after(available: &[u64], sold_lately: &[u64], first: usize) -> Vec<u64> {
        let mut after = available.to_vec();
        for Move { from, to, units } in even_out(&shards(available), sold_lately, first) {
            after[from] -= units;
            after[to] += units;
        }
        after
    }

    #[test]
    fn a_shard_that_runs_dry_gets_its_share() {
        assert_eq!(after(&[12, 0, 0, 0], &[], 0), [3, 3, 3, 3]);
        assert_eq!(after(&[5, 4, 0, 3], &[], 0), [3, 3, 3, 3]);
    }

    #[test]
    fn a_delivery_is_spread_over_all_shards() {
        let mut shards = shards(&[75, 15, 15, 15, 15, 15]);
        for Move { from, to, units } in spread(&shards) {
            for (shard, after) in [(from, -1i64), (to, 1)] {
                let figures = shards[shard].as_mut().expect("a shard");
                figures.available = figures.available.saturating_add_signed(after * units as i64);
            }
        }
        assert!(shards.iter().flatten().all(|figures| figures.available == 25), "{shards:?}");
    }

    #[test]
    fn small_differences_stay() {
        assert_eq!(after(&[10, 8, 6, 5], &[], 0), [10, 8, 6, 5]);
    }

    #[test]
    fn who_sells_more_gets_more() {
        assert_eq!(after(&[0, 0, 50, 50], &[100, 0, 0, 0], 0), [63, 13, 12, 12]);
    }

    #[test]
    fn the_last_units_are_where_they_sell_and_else_go_round() {
        assert_eq!(after(&[0, 0, 0, 2], &[9, 9, 0, 0], 0), [1, 1, 0, 0]);
        let rounds =
            (0..4).map(|first| after(&[0, 0, 1, 0], &[], first).iter().position(|&units| units == 1));
        assert_eq!(rounds.collect::<Option<Vec<_>>>(), Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn a_shard_that_does_not_answer_is_left_out() {
        let mut shards = shards(&[8, 0, 0]);
        shards[1] = None;
        assert_eq!(even_out(&shards, &[], 0), [Move { from: 0, to: 2, units: 4 }]);
        assert_eq!(even_out(&[None, None], &[], 0), []);
        assert_eq!(even_out(&[], &[], 0), []);
    }

    #[test]
    fn no_number_is_too_large() {
        let moved = even_out(&shards(&[u64::MAX / 2, 0]), &[u64::MAX, u64::MAX], 1);
        assert_eq!(moved.len(), 1);
    }
}
