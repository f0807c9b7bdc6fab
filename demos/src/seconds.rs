//! Times on the command line.

use std::time::Duration;

/// Parses a number of seconds, for clap.
///
/// # Errors
/// If the text is not a number of seconds, or is more than some thirty years.
pub fn seconds(text: &str) -> Result<Duration, String> {
    /// A clock cannot hold every time.
    const MOST: Duration = Duration::from_secs(1_000_000_000);
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| *time <= MOST)
        .ok_or_else(|| "expected a number of seconds".to_owned())
}

/// Parses a number of seconds above zero, for clap.
///
/// # Errors
/// If the text is not such a number.
pub fn positive_seconds(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("expected more than 0".to_owned()),
        time => Ok(time),
    }
}
