//! The benchmark of the way to a carrier works. Its figures mean nothing here.

use std::process::Command;

#[test]
fn the_benchmark_runs_without_kannel_and_prints_its_table() {
    let output = Command::new(env!("CARGO_BIN_EXE_carrier_bench"))
        .args(["--without-kannel", "--rounds", "1", "--messages", "200", "--rate", "100", "--seconds", "1"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    // A load that did nothing would have figures too.
    let rows = text.lines().filter_map(|line| line.trim().strip_prefix("countersign "));
    let rates: Vec<f64> = rows.filter_map(|row| row.split_whitespace().next()?.parse().ok()).collect();
    assert!(rates.len() == 2 && rates.iter().all(|rate| *rate > 0.0), "{text}");
    assert!(text.contains("start to wire at 100 a second"), "{text}");
}
