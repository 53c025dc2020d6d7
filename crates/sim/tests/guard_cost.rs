//! The benchmark of the guard works. Its figures mean nothing here: run it by itself in a release build.

use std::process::Command;

#[test]
fn the_cost_of_the_guard_is_measured_and_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_guard_cost"))
        .args(["--smoke", "--rounds", "2", "--starts", "60", "--clients", "4"])
        .args(["--server-core", "any", "--own-core", "any"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().filter(|line| line.starts_with("round ")).count(), 2, "{text}");
    assert!(text.contains("medians of 2 rounds of 60 starts"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("of a guarded start")).count(), 1, "{text}");
}
