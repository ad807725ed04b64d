//! Which units to move.

use super::servers::Figures;
use super::transfer::MAX_UNITS;

/// Units that should go from one shard to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) units: u64,
}

/// What is to be done for a shard that should have so many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// It has them.
    Enough,
    /// All shards together have less: so many.
    Missing(u64),
    /// They have so many, but those that have some cannot give them now, or this one cannot get any.
    Blocked(u64),
    Move(Move),
}

/// What a shard that should have so many units needs next: half of what the richest shard has, or what it lacks. Half, for
/// its next buyers will need more; and the other half is left to the buyers at home there. Not every shard can give some now.
pub(super) fn towards(
    to: usize,
    units: u64,
    shards: &[Option<Figures>],
    can_give: impl Fn(usize) -> bool,
) -> Plan {
    let has = available(shards.get(to));
    if has >= units {
        return Plan::Enough;
    }
    let total = shards.iter().map(|figures| available(Some(figures))).fold(0, u64::saturating_add);
    if total < units {
        return Plan::Missing(total);
    }
    let givers = (0..shards.len()).filter(|shard| *shard != to && can_give(*shard));
    let richest = givers.max_by_key(|shard| available(shards.get(*shard)));
    let richest = richest.map(|from| (from, available(shards.get(from))));
    let Some((from, rest)) = richest.filter(|(_, rest)| *rest > 0) else {
        return Plan::Blocked(total);
    };
    let units = rest.div_ceil(2).max(rest.min(units - has));
    Plan::Move(Move { from, to, units: units.min(MAX_UNITS) })
}

fn available(figures: Option<&Option<Figures>>) -> u64 {
    figures.copied().flatten().map_or(0, |figures| figures.available)
}
