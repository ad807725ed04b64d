//! The replay of the incident behind `seckill incident`. It is a library so that tests can put the steps of
//! its handlers in any order.

pub mod replay;
