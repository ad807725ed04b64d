//! The goals: ratios of two workloads in one run.

use crate::workload::{
    ACCEPTED, HINCRBY, LOCK, LUA_DELETE, RELEASED, SET, SOLD_OUT, Size, UNLOCK, bundle, by_lua,
};

/// The time of one workload as a multiple of another's.
pub(crate) struct Goal {
    pub(crate) workload: String,
    pub(crate) rival: String,
    /// The goal: at most this.
    pub(crate) most: f64,
    /// A further aim: at most this.
    pub(crate) aim: Option<f64>,
}

/// The goals; those about single sales are for sales of this size.
pub(crate) fn goals(size: Size) -> Vec<Goal> {
    let goal = |workload: &str, rival: &str, most, aim| Goal {
        workload: workload.to_owned(),
        rival: rival.to_owned(),
        most,
        aim,
    };
    let (accepted, released, bundle) = (size.of(ACCEPTED), size.of(RELEASED), bundle());
    vec![
        goal(&accepted, &by_lua(&accepted), 1.0 / 4.0, Some(1.0 / 6.0)),
        goal(&released, &by_lua(&released), 1.0 / 4.0, Some(1.0 / 6.0)),
        goal(&bundle, &by_lua(&bundle), 1.0 / 4.0, None),
        goal(&size.of(SOLD_OUT), HINCRBY, 1.5, Some(1.0)),
        goal(UNLOCK, LUA_DELETE, 1.0 / 3.0, None),
        goal(LOCK, SET, 1.2, None),
    ]
}
