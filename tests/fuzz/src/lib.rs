//! Coverage-guided fuzzing of what strangers send: see `.ci/fuzz.sh`, which has the commands.
//!
//! Each program in `bin/` is a target: inputs that make it reach new code are kept and changed
//! further. A target does not only wait for a panic: it compares with other parsers, with the same
//! bytes in other pieces, or with the way back. Those checks that need no private parser are here,
//! and the tests run them on their first inputs.

mod address;
mod connection;
mod echo;
mod files;
mod folder;
mod http;
mod log_lines;
mod replies;
mod seeds;

use std::path::PathBuf;
use std::{env, fs};

pub use address::check_address;
pub use files::check_files;
pub use http::check_requests;
pub use seeds::{ADDRESSES, REQUESTS, REQUESTS_FOR_FILES};

/// The variable with the folder for a target's first inputs.
const SEEDS: &str = "FUZZ_SEEDS";

/// Writes a target's first inputs, with which its search begins.
pub fn seed<S: AsRef<[u8]>>(seeds: impl IntoIterator<Item = S>) {
    let Some(folder) = env::var_os(SEEDS).map(PathBuf::from) else { return };
    for (number, bytes) in seeds.into_iter().enumerate() {
        fs::write(folder.join(number.to_string()), bytes).expect("a folder for the first inputs");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_inputs_pass_their_checks() {
        ADDRESSES.iter().for_each(|text| check_address(text.as_bytes()));
        REQUESTS.iter().for_each(|bytes| check_requests(bytes.as_bytes()));
        REQUESTS_FOR_FILES.iter().for_each(|text| check_files(text.as_bytes()));
        folder::remove();
    }
}
