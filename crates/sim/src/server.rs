//! The server under test: the real binary as a child process, in a folder of its own.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::clock;
use crate::folder::Folder;
use crate::process::{self, Pin};
use crate::smpp_load;

/// The secret that messages to the sink are signed with.
pub const SINK_SECRET: &str = "sim-4k7Qm2Zt9vXw1Rb6-a-secret-for-tests";

/// How long a start and a stop may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where messages go: the sink's addresses, one provider each, in the order of the route.
    pub sinks: Vec<SocketAddr>,
    /// A service centre that comes before them in the route, reached by SMPP.
    pub smsc: Option<SocketAddr>,
    /// More lines of that provider's file.
    pub smsc_settings: String,
    /// The file of a provider of kind `declared`, which comes before the sinks too.
    pub declared: Option<String>,
    /// Where it listens on this machine, for carriers that call it back; 0 is any free port, another at each start.
    pub port: u16,
    /// How long a node has a message to itself, in seconds.
    pub lease_s: u32,
    /// How long a provider may take to answer, in seconds; shorter than the lease.
    pub submit_timeout_s: u32,
    /// Submissions in flight at a time, over all providers.
    pub concurrency: u32,
    /// `error` to `trace`.
    pub log_level: &'static str,
    /// The app's policy; what it leaves out has its default.
    pub policy: Value,
    /// Which core the server uses.
    pub pin: Pin,
    /// Where its folder is made.
    pub parent: PathBuf,
}

impl Setup {
    /// A server with one sink, and an app that sells in Great Britain and may send a lot.
    pub fn with_sink(sink: SocketAddr) -> Self {
        Setup {
            sinks: vec![sink],
            smsc: None,
            smsc_settings: String::new(),
            declared: None,
            port: 0,
            lease_s: 30,
            submit_timeout_s: 10,
            concurrency: 64,
            log_level: "info",
            policy: json!({ "countries": ["GB"], "daily_messages": 100_000_000 }),
            pin: Pin::Anywhere,
            parent: std::env::temp_dir(),
        }
    }
}

/// A server: its folder, its app and key, and its process while it runs.
#[derive(Debug)]
pub struct Server {
    folder: Folder,
    program: PathBuf,
    pin: Pin,
    app: String,
    live_key: String,
    running: Option<Running>,
    starts: u32,
}

#[derive(Debug)]
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Makes folder, configuration, app and a live key, and starts the server.
    pub fn start(setup: &Setup) -> anyhow::Result<Self> {
        let program = process::beside_this("countersign")?;
        let folder = Folder::below(&setup.parent)?;
        write_private(&folder.path().join("countersign.toml"), &configuration(setup, folder.path()))?;
        if let Some(address) = setup.smsc {
            let file = format!("{}{}\n", smpp_load::account(address), setup.smsc_settings);
            write_private(&folder.path().join("smsc.toml"), &file)?;
        }
        if let Some(file) = &setup.declared {
            write_private(&folder.path().join("declared.toml"), file)?;
        }
        write_private(&folder.path().join("policy.json"), &setup.policy.to_string())?;
        let mut server = Server {
            folder,
            program,
            pin: setup.pin,
            app: String::new(),
            live_key: String::new(),
            running: None,
            starts: 0,
        };
        let policy = server.folder.path().join("policy.json").display().to_string();
        server.app =
            server.cli(&["app", "create", "--name", "Sim", "--brand", "Sim", "--policy", &policy])?;
        server.live_key = server.create_key(&server.app, "live")?;
        server.restart()?;
        Ok(server)
    }

    /// Runs `countersign …` on this server's folder and gives what it prints, trimmed.
    pub fn cli(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .arg("--config")
            .arg(self.config_file())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .context("countersign cannot be run")?;
        if !output.status.success() {
            bail!("countersign {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Makes a key of an app; `mode` is `live` or `test`.
    pub fn create_key(&self, app: &str, mode: &str) -> anyhow::Result<String> {
        self.cli(&["key", "create", "--app", app, "--mode", mode, "--scope", "server"])
    }

    /// Makes another app with the policy of the first.
    pub fn create_app(&self, name: &str) -> anyhow::Result<String> {
        let policy = self.folder.path().join("policy.json").display().to_string();
        self.cli(&["app", "create", "--name", name, "--brand", name, "--policy", &policy])
    }

    /// Makes another app with a policy of its own; what that leaves out has its default.
    pub fn create_app_with(&self, name: &str, policy: &Value) -> anyhow::Result<String> {
        let file = self.folder.path().join(format!("policy-{name}.json"));
        write_private(&file, &policy.to_string())?;
        let file = file.display().to_string();
        self.cli(&["app", "create", "--name", name, "--brand", name, "--policy", &file])
    }

    /// Starts the process on the same folder, on another port unless one was given, and waits until it serves.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        self.starts += 1;
        let log = self.log_file();
        let mut command = self.pin.command(&self.program);
        let child = command
            .arg("--config")
            .arg(self.config_file())
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("the server cannot be run")?;
        // Owned from here on, so that it is killed whatever goes wrong below.
        let running = self.running.insert(Running { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) });
        let began = clock::instant();
        loop {
            if let Some(address) = served_address(&log) {
                running.address = address;
                return Ok(());
            }
            if let Some(status) = running.child.try_wait()? {
                bail!(
                    "the server ended at its start ({status}): {}",
                    fs::read_to_string(&log).unwrap_or_default()
                );
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "the server does not say that it serves");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// `kill -9`: no word of warning, no time to tidy up.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut running) = self.running.take() {
            running.child.kill()?;
            running.child.wait()?;
        }
        Ok(())
    }

    /// Asks it to stop as an operator does (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let pid = running.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status()?;
        anyhow::ensure!(asked.success(), "the server cannot be asked to stop");
        let began = clock::instant();
        loop {
            if let Some(status) = running.child.try_wait()? {
                anyhow::ensure!(status.success(), "the server stopped with {status}");
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                running.child.kill()?;
                running.child.wait()?;
                bail!("the server was asked to stop and did not");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where it answers now.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.running.as_ref().context("the server does not run")?.address)
    }

    /// Its process id.
    pub fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.running.as_ref().context("the server does not run")?.child.id())
    }

    /// The app.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// A live key of the app with the scope `server`.
    pub fn live_key(&self) -> &str {
        &self.live_key
    }

    /// Everything it has: configuration, data, logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The key file.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    fn config_file(&self) -> PathBuf {
        self.folder.path().join("countersign.toml")
    }

    /// What the present process logs.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join(format!("server-{}.log", self.starts))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A child that outlives its test would hold the machine's ports and memory.
        let _ = self.kill();
    }
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

fn configuration(setup: &Setup, folder: &Path) -> String {
    use std::fmt::Write as _;
    let folder = folder.display();
    let port = setup.port;
    let public_url = match port {
        0 => String::new(),
        port => format!("public_url = \"http://127.0.0.1:{port}\"\n"),
    };
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n{public_url}data_dir = \"{folder}/data\"\n\n\
         [keys]\nfile = \"{folder}/keys.json\"\n\n\
         [log]\nlevel = \"{}\"\nformat = \"json\"\n\n\
         [delivery]\nlease_s = {}\nsubmit_timeout_s = {}\nconcurrency = {}\n",
        setup.log_level, setup.lease_s, setup.submit_timeout_s, setup.concurrency
    );
    if setup.smsc.is_some() {
        text.push_str("\n[[providers]]\nname = \"smsc\"\nkind = \"smpp\"\nfile = \"smsc.toml\"\n");
    }
    if setup.declared.is_some() {
        text.push_str(
            "\n[[providers]]\nname = \"declared\"\nkind = \"declared\"\nfile = \"declared.toml\"\n",
        );
    }
    for (number, sink) in setup.sinks.iter().enumerate() {
        let _ = write!(
            text,
            "\n[[providers]]\nname = \"sink{number}\"\nkind = \"http\"\nurl = \"http://{sink}/send\"\nsecret = \"{SINK_SECRET}\"\n"
        );
    }
    text
}

/// The address in the line that says that the server serves.
fn served_address(log: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(log).ok()?;
    let line = text.lines().find(|line| line.contains("countersign serves"))?;
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("address")?.as_str()?.parse().ok()
}
