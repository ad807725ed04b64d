//! Names from outside: keys, buyers and ids, which may be any bytes.

use std::fmt;

use serde::{Serialize, Serializer};

/// A name that is printed: text where it is UTF-8. For a person, what would disturb a terminal is escaped; for a machine
/// other bytes are a list of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'n>(pub(crate) &'n [u8]);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::new();
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                if disturbs(letter) || letter == '\\' {
                    shown.extend(letter.escape_default());
                } else {
                    shown.push(letter);
                }
            }
            chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
        }
        f.pad(&shown)
    }
}

/// Whether a letter moves the cursor, or turns the direction of what follows.
pub(crate) fn disturbs(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(self.0) {
            Ok(text) => to.serialize_str(text),
            Err(_) => to.serialize_bytes(self.0),
        }
    }
}

/// For serde: a field that is a name.
pub(crate) fn serialize<S: Serializer>(name: &[u8], to: S) -> Result<S::Ok, S::Error> {
    Name(name).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_disturbs_a_terminal() {
        assert_eq!(Name("Zoë".as_bytes()).to_string(), "Zoë");
        assert_eq!(Name(b"\\xff").to_string(), "\\\\xff");
        assert_eq!(Name("\u{202e}elas".as_bytes()).to_string(), "\\u{202e}elas");
        assert_eq!(Name(b"a\x1b[2Jb\n\xff").to_string(), "a\\u{1b}[2Jb\\n\\xff");
    }

    #[test]
    fn a_machine_gets_all_bytes() {
        assert_eq!(serde_json::to_string(&Name(b"ann")).ok().as_deref(), Some("\"ann\""));
        assert_eq!(serde_json::to_string(&Name(b"\xff\x01")).ok().as_deref(), Some("[255,1]"));
    }
}
