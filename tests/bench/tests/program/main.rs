//! Tests of the program behind `make bench`, `make bench-scale`, `make instructions` and `make waiting`. It loads the module that `make build` has
//! built, or the one that `SECKILL_MODULE` names.

mod instructions;
mod report;
mod scale;
mod waiting;
