//! The same table beside `http.server`.

use tests::prelude::*;

use super::case::Then;
use super::conversation::{Pieces, converse};
use super::{in_parallel, site_of_files, table};

const SERVER: &str = include_str!("server.py");

/// Each form for which the two differ says why.
pub(super) fn every_difference_from_python_is_justified() {
    let files = site_of_files();
    let Some(python) = python(SERVER, &[&files.join("root").display().to_string()]) else { return };
    let address = || python.line().replacen("listening on ", "", 1);
    let addresses: [Address; 2] = [(); 2].map(|()| address().to_address().expect("an address"));
    let cases = table::all();
    let equal = cases.iter().filter(|case| case.why.is_empty()).count();
    let wrong = in_parallel(&cases, 8, |case| {
        let address = &addresses[usize::from(case.files)];
        let seen = match case.then {
            Then::Reset => case.python.to_owned(),
            _ => converse(address, case, Pieces::Whole, case.python),
        };
        let same = case.right.split(" or ").any(|right| right == seen);
        match case.python.split(" or ").any(|python| python == seen) {
            false => Some(format!("{seen:?}, not {:?}", case.python)),
            true if same && !case.why.is_empty() => Some(format!("equal: {seen:?}")),
            true if !same && case.why.is_empty() => Some(format!("why: {seen:?}")),
            true => None,
        }
    });
    println!("beside http.server: {equal} equal, {} different", cases.len() - equal);
    assert!(wrong.is_empty(), "{} of http.server's:\n{}", wrong.len(), wrong.join("\n"));
}
