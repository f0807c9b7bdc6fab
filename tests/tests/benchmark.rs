//! The benchmarks of `tests/benches/versus` and `tests/benches/http` work. Their figures need a quiet
//! machine, and are not tested.

use serde_json::Value;
use tests::prelude::*;

/// Runs a benchmark for one round of two servers, which must have answered.
fn measures(bench: &str, scenario: &str, servers: &str, picture: &str) {
    let folder = Folder::new();
    let mut cargo = cargo();
    cargo.args(["bench", "--quiet", "--profile", "dev", "--workspace", "--bench", bench]);
    cargo.args(["--", "--rounds", "1", "--scenario", scenario, "--server", servers]);
    cargo.arg("--out").arg(folder.path()).stdin(Stdio::null());
    let output = cargo.output().expect("cargo");
    assert!(output.status.success(), "{output:?}");
    let figures = fs::read(folder.join(&format!("{bench}.json"))).expect("the figures");
    let figures: Value = serde_json::from_slice(&figures).expect("JSON");
    for row in 0..2 {
        let rate = &figures["tables"][0]["rows"][row]["samples"][0]["rate"];
        assert!(rate.as_f64().is_some_and(|rate| rate > 0.0), "{figures:#}");
    }
    assert!(folder.join(picture).exists());
}

#[test]
fn versus_measures_two_servers() {
    measures("versus", "udp-64", "inline,datagram-loop", "udp.svg");
}

#[test]
fn http_measures_two_servers() {
    measures("http", "hello-50", "green,hyper", "http-cpu.svg");
}
