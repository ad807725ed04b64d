//! The six ways to sell a bottle.

/// A way to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// `SET NX PX`; read, compare, decrement; `DEL` at the end, in any case.
    Naive,
    /// The same, but only the owner releases the lock.
    SafeLock,
    /// The same, and the reply to the decrement shows whether there was a bottle.
    AtomicDecrement,
    /// `SECKILL.LOCK`; `SECKILL.BUY … LOCK … RELEASE`.
    SeckillLocked,
    /// The handler of the client's example: it waits in line for the lock, and renews it while it works.
    SeckillGuarded,
    /// `SECKILL.BUY` alone.
    SeckillUnlocked,
}

impl Strategy {
    /// All of them, from bad to good.
    pub const ALL: [Self; 6] = [
        Self::Naive,
        Self::SafeLock,
        Self::AtomicDecrement,
        Self::SeckillLocked,
        Self::SeckillGuarded,
        Self::SeckillUnlocked,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::SafeLock => "safe lock",
            Self::AtomicDecrement => "atomic decrement",
            Self::SeckillLocked => "seckill, locked",
            Self::SeckillGuarded => "seckill, guarded",
            Self::SeckillUnlocked => "seckill, unlocked",
        }
    }

    /// Whether it sells by SECKILL.BUY.
    #[must_use]
    pub const fn is_seckill(self) -> bool {
        matches!(self, Self::SeckillLocked | Self::SeckillGuarded | Self::SeckillUnlocked)
    }

    /// Whether it takes a lock.
    #[must_use]
    pub const fn is_locked(self) -> bool {
        !matches!(self, Self::SeckillUnlocked)
    }
}
