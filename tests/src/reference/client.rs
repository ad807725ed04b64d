//! The words that the page of the client lists are those that its types have.

use std::fmt::Debug;
use std::fs;

use seckill_client::{Phase, Refusal, State};

use crate::harness::built::workspace;
use crate::harness::markdown::code;

fn listed(all: &[impl Debug]) -> Vec<String> {
    all.iter().map(|variant| format!("{variant:?}")).collect()
}

#[test]
fn client_page_lists_every_word() {
    let page = fs::read_to_string(workspace().join("client/README.md")).unwrap();
    for (name, variants) in
        [("State", listed(State::ALL)), ("Refusal", listed(Refusal::ALL)), ("Phase", listed(Phase::ALL))]
    {
        let begin = format!("- `{name}`");
        let line = page.lines().find(|line| line.starts_with(&begin)).expect(name);
        let sentence = line.split(". ").next().unwrap();
        assert_eq!(code(sentence)[1..], variants, "{line}");
    }
}
