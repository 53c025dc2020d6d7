//! The benchmark works. Its figures mean nothing here: run it by itself on a quiet machine.

use std::process::Command;

#[test]
fn the_benchmark_runs_and_prints_its_table() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--smoke", "--rounds", "1", "--seconds", "0.6", "--clients", "4,8", "--live", "200"])
        .args(["--server-core", "any", "--generator-core", "any"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    for line in [
        "4 clients, as fast as they can",
        "8 clients, as fast as they can",
        "half load, 8 clients",
        "a lone fsync",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
    let bars: Vec<&str> =
        text.lines().filter(|line| line.starts_with("pass") || line.starts_with("FAIL")).collect();
    assert_eq!(bars.len(), 5, "{text}");
    // A load that did nothing would have figures too.
    let rates: Vec<f64> = text
        .lines()
        .filter(|line| line.starts_with("  echo  ") || line.starts_with("  round trips  "))
        .filter_map(|line| line.split_whitespace().find_map(|word| word.parse().ok()))
        .collect();
    assert_eq!(rates.len(), 6, "{text}");
    assert!(rates.iter().all(|rate| *rate > 0.0), "{text}");
}
