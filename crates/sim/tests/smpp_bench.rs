//! The benchmark of the SMPP client works. Its figures mean nothing here.

use std::process::Command;

#[test]
fn the_benchmark_runs_and_prints_its_table() {
    let output = Command::new(env!("CARGO_BIN_EXE_smpp_bench"))
        .args(["--smoke", "--rounds", "1", "--messages", "500", "--npm-messages", "500"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    // A load that did nothing would have figures too.
    let rows = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace().map(str::parse::<f64>);
        Some((words.next()?.ok()?, words.next()?.ok()?))
    });
    let rows: Vec<(f64, f64)> = rows.collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(rows.iter().all(|(_, rate)| *rate > 0.0), "{text}");
    assert!(text.contains("share of window / round trip"), "{text}");
}
