//! Words, one a line, as the arguments of a command.

#![no_main]

use libfuzzer_sys::fuzz_target;
use seckill_core::arguments::MAX_ARGS;
use seckill_core::command::Command;

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    match Command::parse(&words) {
        Ok(command) => {
            let mut again: Vec<Vec<u8>> = Vec::new();
            command.encode(&mut |arg| again.push(arg.to_vec()));
            assert!(again.len() <= MAX_ARGS);
            let again: Vec<&[u8]> = again.iter().map(Vec::as_slice).collect();
            assert_eq!(Command::parse(&again), Ok(command));
        }
        Err(error) => assert!(error.to_string().starts_with(error.code().as_str())),
    }
});
