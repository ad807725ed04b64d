//! Tokens, shown so that nobody can use them.

use siphasher::sip::SipHasher13;

/// Eight digits that are the same for the same token. Whoever knows a token can release its lock, so no part of it is shown:
/// tokens of other clients may be short.
pub(super) fn fingerprint(token: &[u8]) -> String {
    let hash = SipHasher13::new().hash(token);
    format!("{:08x}", hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_fingerprint() {
        assert_eq!(fingerprint(b"token-1"), fingerprint(b"token-1"));
        assert_ne!(fingerprint(b"token-1"), fingerprint(b"token-2"));
        assert_eq!(fingerprint(b"").len(), 8);
    }
}
