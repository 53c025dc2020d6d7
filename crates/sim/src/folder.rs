//! A folder that is gone when the tool is done with it.

use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock;
use crate::report::quantile_ms;

/// A new, empty folder for this process; removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes one below `parent`, for the own user only.
    pub fn below(parent: &Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("countersign-sim-{}-{number}", std::process::id()));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Folder { path }),
                // Left behind by a process that had the same id and was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes one below the system's folder for such things.
    pub fn temporary() -> io::Result<Self> {
        Folder::below(&std::env::temp_dir())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The 99th percentile, in milliseconds, of appending 4 KiB below `parent` and making it durable, alone on the disk.
pub fn lone_sync_p99_ms(parent: &Path) -> anyhow::Result<f64> {
    let folder = Folder::below(parent)?;
    let mut file = std::fs::File::create(folder.path().join("sync"))?;
    let mut latencies = hdrhistogram::Histogram::<u64>::new(3)?;
    for _ in 0..300 {
        let began = clock::instant();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        latencies.record(clock::micros_since(began))?;
    }
    Ok(quantile_ms(&latencies, 0.99))
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays for whoever cleans the machine's temporary folder.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
