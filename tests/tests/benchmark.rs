//! The benchmark of `tests/benches/versus` works. Its figures need a quiet machine, and are not
//! tested.

use serde_json::Value;
use tests::prelude::*;

#[test]
fn versus_measures_two_servers() {
    let folder = Folder::new();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["bench", "--quiet", "--profile", "dev", "--package", "tests", "--bench", "versus"]);
    cargo.args(["--", "--rounds", "1", "--scenario", "udp-64", "--server", "inline,datagram-loop"]);
    cargo.arg("--out").arg(folder.path()).stdin(Stdio::null());
    let output = cargo.output().expect("cargo");
    assert!(output.status.success(), "{output:?}");
    let figures = fs::read(folder.join("versus.json")).expect("the figures");
    let figures: Value = serde_json::from_slice(&figures).expect("JSON");
    for row in 0..2 {
        let rate = &figures["tables"][0]["rows"][row]["samples"][0]["rate"];
        assert!(rate.as_f64().is_some_and(|rate| rate > 0.0), "{figures:#}");
    }
    assert!(folder.join("udp.svg").exists());
}
