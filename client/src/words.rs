//! The words of the protocol, and those of a newer server.

use seckill_core::protocol;

/// Defines an enum of the words of a protocol's enum, and any other word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A word that this version of the crate does not know, from a newer server.
            Other(String),
        }

        impl $name {
            /// All words that this version of the crate knows.
            ///
            /// ```
            /// assert_eq!(seckill_client::State::ALL[0].as_str(), "HELD");
            /// ```
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word as the server replies it.
            ///
            /// ```
            /// assert_eq!(seckill_client::Refusal::SoldOut.as_str(), "SOLDOUT");
            /// ```
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => protocol::$name::$variant.as_str(),)+
                    Self::Other(word) => word,
                }
            }

            /// The word, if this version of the crate knows it.
            pub(crate) fn known(word: &str) -> Option<Self> {
                match protocol::$name::from_word(word)? {
                    $(protocol::$name::$variant => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::known(&word).unwrap_or(Self::Other(word))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        #[cfg(feature = "serde")]
        impl<'d> serde::Deserialize<'d> for $name {
            fn deserialize<D: serde::Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(Self::from)
            }
        }
    };
}

words! {
    /// The state of an order.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// use seckill_client::State;
    ///
    /// match sale.confirm("order-1").await? {
    ///     State::Sold => println!("sold"),
    ///     state => println!("too late: {state}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    State {
        /// Its units are taken, until it is confirmed, cancelled or its deadline passes.
        Held,
        /// It is confirmed: the units are the buyer's.
        Sold,
        /// It was cancelled: its units are for sale again.
        Cancelled,
        /// Its deadline passed: its units are for sale again.
        Expired,
    }
}

words! {
    /// Why there is no order. The server remembers no refusal: the same purchase is decided anew when it is sent again.
    ///
    /// ```
    /// assert_eq!(seckill_client::Refusal::LockLost.to_string(), "LOCKLOST");
    /// ```
    Refusal {
        /// The caller does not hold the lock that the purchase requires.
        LockLost,
        /// The sale is not open yet.
        Upcoming,
        /// The sale is over.
        Closed,
        /// The buyer has placed as many orders as one may.
        Attempts,
        /// The buyer would have more units than one may.
        Limit,
        /// Nothing is left.
        SoldOut,
        /// Less is left than was asked for.
        Short,
    }
}

words! {
    /// Whether a sale sells, and if not, why.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// if sale.info().await?.state == seckill_client::Phase::Upcoming {
    ///     println!("come back later");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    Phase {
        /// It is not open yet.
        Upcoming,
        /// It sells.
        Open,
        /// It is open, and nothing is left.
        SoldOut,
        /// It is over.
        Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_its_own() {
        assert_eq!(State::ALL.len(), protocol::State::ALL.len());
        assert_eq!(Refusal::ALL.len(), protocol::Refusal::ALL.len());
        assert_eq!(Phase::ALL.len(), protocol::Phase::ALL.len());
        for state in State::ALL {
            assert_eq!(State::from(state.to_string()), *state);
        }
        assert_eq!(State::from("LAID-AWAY".to_owned()), State::Other("LAID-AWAY".to_owned()));
        assert_eq!(State::Other("LAID-AWAY".to_owned()).to_string(), "LAID-AWAY");
    }
}
