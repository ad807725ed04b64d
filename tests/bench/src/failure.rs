//! Why there are no figures.

/// Any error, with a text for the user.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
