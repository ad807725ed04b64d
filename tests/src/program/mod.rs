//! What users run: the program `seckill`, and the sessions of the documentation in redis-cli.

mod endings;
mod incident;
mod installed;
mod readme;
mod running;
mod serve;
