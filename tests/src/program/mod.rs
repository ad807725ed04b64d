//! What users run: the program `seckill`, and the sessions of the documentation in redis-cli.

mod incident;
mod readme;
