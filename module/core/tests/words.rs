//! The words of the protocol, and the ways to find one.

use seckill_core::protocol::{Code, CommandName, EXPIRE_EVENT, EventName, Keyword, Phase, Refusal, State};

/// What every kind of word must do.
macro_rules! check_words {
    ($($kind:ident),+) => {$(
        assert!(!$kind::ALL.is_empty());
        for word in $kind::ALL.iter().copied() {
            let text = word.as_str();
            assert_eq!(word.to_string(), text);
            assert_eq!(word.as_c_str().to_str(), Ok(text));
            assert!(!text.contains(char::is_lowercase), "{text}");
            assert_eq!($kind::from_word(text), Some(word), "{text}");
            assert_eq!($kind::from_word(&text.to_lowercase()), None, "{text}");
            for written in [text.to_owned(), text.to_lowercase(), mixed_case(text)] {
                assert_eq!($kind::from_any_case(written.as_bytes()), Some(word), "{written}");
            }
            let (longer, shorter) = (format!("{text}S"), text[..text.len() - 1].to_owned());
            for other in [longer, shorter, format!("{text}\0"), format!("{text:>40}")] {
                assert_eq!($kind::from_any_case(other.as_bytes()), None, "{other:?}");
            }
        }
        assert_eq!($kind::from_any_case(b""), None);
    )+};
}

fn mixed_case(word: &str) -> String {
    let letter = |(index, letter): (usize, char)| {
        if index % 2 == 0 { letter.to_ascii_lowercase() } else { letter }
    };
    word.chars().enumerate().map(letter).collect()
}

#[test]
fn a_word_is_found_by_its_text_and_by_nothing_else() {
    check_words!(CommandName, Keyword, State, Refusal, Phase, EventName, Code);
}

#[test]
fn keyspace_events_are_command_names_in_lower_case() {
    for name in CommandName::ALL {
        assert_eq!(name.lower_case().to_str(), Ok(&*name.as_str().to_lowercase()));
        assert_ne!(name.lower_case(), EXPIRE_EVENT);
    }
    assert_eq!(EXPIRE_EVENT, c"seckill.expire");
}
