//! What users run: the session in the README, and the program `seckill`.

mod incident;
mod readme;
