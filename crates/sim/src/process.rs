//! What Linux tells about a process, and on which core it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Ticks of `/proc/<pid>/stat` in a second: `USER_HZ`, 100 on every Linux that one meets (proc(5)).
const TICKS_PER_S: u64 = 100;

/// CPU time of a process so far, user and system, in microseconds.
pub fn cpu_us(pid: u32) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    // The name in brackets may hold anything; fields are counted from behind it (proc(5)).
    let (_, fields) = text.rsplit_once(')').context("/proc/<pid>/stat has an unknown form")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || -> anyhow::Result<u64> { Ok(fields.next().context("a field is missing")?.parse()?) };
    Ok((ticks()? + ticks()?) * (1_000_000 / TICKS_PER_S))
}

/// Memory of a process that is in RAM, in bytes (`VmRSS`).
pub fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("there is no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}

/// The program `name` beside this one. Tests lie one folder deeper.
pub fn beside_this(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("this program has no folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let path = folder.join(name);
    anyhow::ensure!(
        path.is_file(),
        "{} does not exist: run `cargo build -p countersign-server -p countersign-sim` (with --release if this is a release build)",
        path.display()
    );
    Ok(path)
}

/// Which core a process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Any.
    Anywhere,
    /// This one only.
    Core(usize),
}

impl Pin {
    /// A command that runs `program` under this rule.
    pub fn command(self, program: &Path) -> Command {
        match self {
            Pin::Anywhere => Command::new(program),
            Pin::Core(core) => {
                // taskset becomes the program, so that its process id is the program's.
                let mut command = Command::new("taskset");
                command.arg("-c").arg(core.to_string()).arg(program);
                command
            }
        }
    }

    /// Puts this process, with all its threads, under the rule.
    pub fn apply_to_self(self) -> anyhow::Result<()> {
        let Pin::Core(core) = self else { return Ok(()) };
        let done = Command::new("taskset")
            .args(["-a", "-p", "-c"])
            .arg(core.to_string())
            .arg(std::process::id().to_string())
            .output()
            .context("taskset (package util-linux) is needed to pin processes to cores")?;
        anyhow::ensure!(done.status.success(), "taskset: {}", String::from_utf8_lossy(&done.stderr).trim());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let pid = std::process::id();
        let before = cpu_us(pid).unwrap();
        let mut sum = 0_u64;
        while cpu_us(pid).unwrap() < before + 30_000 {
            sum = sum.wrapping_mul(31).wrapping_add(7);
        }
        assert_ne!(sum, 1);
        assert!(resident_bytes(pid).unwrap() > 100_000);
    }
}
