//! Lengths of time and instants, as users write and read them.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

/// A length of time such as `500ms`, `10s` or `2m`: for clap.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write 500ms, 10s, 2m or 1h 30m"))
}

/// The same, but at least 1 ms, for 0 means "none" to the server.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than 0".to_owned()),
        time => Ok(time),
    }
}

/// An instant as users write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// A time of the calendar: `2026-11-27T20:00:00Z`.
    At(Timestamp),
    /// A time from now on, by the clock of the server: `+10m`.
    In(Duration),
    /// No instant: `never`.
    Never,
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => return Ok(Self::Never),
            "now" => return Ok(Self::In(Duration::ZERO)),
            _ => {}
        }
        if let Some(time) = text.strip_prefix('+') {
            return duration(time).map(Self::In);
        }
        let at = text.parse().map(Self::At);
        at.map_err(|_| "write 2026-11-27T20:00:00Z or +10m, now or never".to_owned())
    }
}

/// An instant, and not `never`: for clap.
pub(crate) fn instant_of(text: &str) -> Result<When, String> {
    match text.parse()? {
        When::Never => Err("write 2026-11-27T20:00:00Z, +10m or now".to_owned()),
        when => Ok(when),
    }
}

impl When {
    /// Whether the clock of the server decides what this means.
    pub(crate) fn is_relative(self) -> bool {
        matches!(self, Self::In(_))
    }

    /// Unix time in ms, where the clock of the server shows `now`; 0 for none.
    pub(crate) fn millis(self, now: u64) -> u64 {
        match self {
            Self::At(at) => u64::try_from(at.as_millisecond()).unwrap_or(1).max(1),
            Self::In(time) => now.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            Self::Never => 0,
        }
    }
}

/// An instant of the server, such as `2026-11-27T20:00:00.123Z`.
pub(crate) fn instant(millis: u64) -> String {
    let at = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.map_or_else(|| format!("{millis} ms"), |at| format!("{at:.3}"))
}

/// A length of time for a person, to the second where it is long.
pub(crate) fn length(time: Duration) -> String {
    let shown = if time > Duration::from_secs(10) { Duration::from_secs(time.as_secs()) } else { time };
    humantime::format_duration(shown).to_string()
}

/// How far away an instant is from another one, to the second.
pub(crate) fn away(at: u64, now: u64) -> String {
    length(Duration::from_secs(at.abs_diff(now) / 1000))
}

/// An instant of the server to the second, for tables: `2026-11-27 20:00:00`.
pub(crate) fn second(millis: u64) -> String {
    instant(millis / 1000 * 1000).replace('T', " ").replace(".000Z", "")
}

/// An instant, and how far away it is from `now`, both in unix ms.
pub(crate) fn moment(at: u64, now: u64) -> String {
    let away = away(at, now);
    if at > now { format!("{}, in {away}", instant(at)) } else { format!("{}, {away} ago", instant(at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_a_time_of_the_calendar_or_from_now_on() {
        let read = |text: &str| text.parse::<When>().map(|when| when.millis(1_000));
        assert_eq!(read("1970-01-01T00:00:02Z"), Ok(2_000));
        assert_eq!(read("1970-01-01T01:00:02.5+01:00"), Ok(2_500));
        assert_eq!(read("+10m"), Ok(601_000));
        assert_eq!(read("now"), Ok(1_000));
        assert_eq!(read("never"), Ok(0));
        // 0 is "never" to the server.
        assert_eq!(read("1970-01-01T00:00:00Z"), Ok(1));
        for wrong in ["", "10m", "2026-11-27", "tomorrow", "+", "+10", "-10m"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_instant_is_read_as_it_is_printed() {
        assert_eq!(
            instant(1_795_809_600_123).parse::<When>().map(|when| when.millis(0)),
            Ok(1_795_809_600_123)
        );
        assert_eq!(instant(u64::MAX), format!("{} ms", u64::MAX));
    }
}
