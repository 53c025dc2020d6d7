//! Kannel, as Debian ships it: a gateway that takes messages by HTTP and hands them over by SMPP.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, Command};

use crate::api::Api;
use crate::folder::Folder;
use crate::process::Pin;
use crate::smsc::{PASSWORD as SMSC_PASSWORD, SYSTEM_ID, Smsc};

/// Whom its HTTP API takes messages from.
pub const USER: &str = "shop";
/// Of the kind that a URL must escape.
pub const PASSWORD: &str = "pw&=?+ %d";

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it is set up.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// More lines of its service centre's group.
    pub smsc: &'a str,
    /// What it logs: 0 is everything, 1 what happens, 2 warnings, 3 errors.
    pub log_level: u8,
    /// Where it keeps messages until they have left.
    pub store: Store,
    /// Which core its processes use.
    pub pin: Pin,
}

impl Default for Settings<'_> {
    /// Its own defaults.
    fn default() -> Self {
        Settings { smsc: "", log_level: 0, store: Store::Memory, pin: Pin::Anywhere }
    }
}

/// Where it keeps messages until they have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In memory: what it has taken is gone when it is killed.
    Memory,
    /// In a file for each message. It asks for no fsync.
    Spool,
}

/// Its two processes; they end when this is dropped.
pub struct Kannel {
    sendsms: SocketAddr,
    _folder: Folder,
    boxes: [Child; 2],
}

impl Kannel {
    /// Starts it before a service centre, and waits until it is bound there.
    pub async fn start(smsc: &Smsc, settings: &Settings<'_>) -> anyhow::Result<Self> {
        let ports = free_ports()?;
        let [admin, _, sendsms] = ports;
        let folder = Folder::temporary()?;
        let path = folder.path();
        let spool = path.join("spool");
        fs::create_dir(&spool)?;
        let store = match settings.store {
            Store::Memory => String::new(),
            Store::Spool => format!("store-type = spool\nstore-location = \"{}\"\n", spool.display()),
        };
        let text = configuration(ports, smsc.address(), &store, settings.smsc);
        fs::write(path.join("kannel.conf"), text)?;
        let on = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let binds = smsc.counts().binds;
        let bearerbox = run("bearerbox", path, settings)?;
        says(on(admin), "/status.txt?password=status", "center", path).await?;
        let smsbox = run("smsbox", path, settings)?;
        says(on(admin), "/status.txt?password=status", "smsbox:", path).await?;
        says(on(sendsms), "/cgi-bin/sendsms", "Authorization failed", path).await?;
        smsc.wait_for(|counts| counts.binds > binds).await?;
        says(on(admin), "/status.txt?password=status", "(online", path).await?;
        Ok(Kannel { sendsms: on(sendsms), _folder: folder, boxes: [bearerbox, smsbox] })
    }

    /// Where messages are given to it.
    pub fn sendsms(&self) -> SocketAddr {
        self.sendsms
    }

    /// Its processes' ids.
    pub fn pids(&self) -> anyhow::Result<Vec<u32>> {
        self.boxes.iter().map(|child| child.id().context("a box of Kannel's has ended")).collect()
    }
}

/// Ports that were free a moment ago: Kannel and those that it calls back must know them before they listen.
pub fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// What Kannel reads; its user guide, "Core configuration", "SMPP 3.4", "SMSBox", "SendSMS user".
fn configuration(
    [admin, boxes, sendsms]: [u16; 3],
    smsc: SocketAddr,
    more_core: &str,
    more_smsc: &str,
) -> String {
    let groups: [(&str, &[(&str, &str)]); 4] = [
        (
            "core",
            &[
                ("admin-port", &admin.to_string()),
                ("admin-interface", "127.0.0.1"),
                ("admin-password", "status"),
                ("smsbox-port", &boxes.to_string()),
                ("smsbox-interface", "127.0.0.1"),
                ("dlr-storage", "internal"),
            ],
        ),
        (
            "smsc",
            &[
                ("smsc", "smpp"),
                ("smsc-id", "center"),
                ("host", "127.0.0.1"),
                ("port", &smsc.port().to_string()),
                ("transceiver-mode", "true"),
                ("smsc-username", SYSTEM_ID),
                ("smsc-password", SMSC_PASSWORD),
                ("system-type", ""),
                ("reconnect-delay", "1"),
            ],
        ),
        (
            "smsbox",
            &[
                ("bearerbox-host", "127.0.0.1"),
                ("sendsms-port", &sendsms.to_string()),
                ("sendsms-interface", "127.0.0.1"),
            ],
        ),
        ("sendsms-user", &[("username", USER), ("password", PASSWORD), ("max-messages", "10")]),
    ];
    let mut text = String::new();
    for (group, values) in groups {
        let _ = writeln!(text, "group = {group}");
        for (key, value) in values {
            let _ = writeln!(text, "{key} = \"{value}\"");
        }
        text.push_str(match group {
            "core" => more_core,
            "smsc" => more_smsc,
            _ => "",
        });
        // Empty lines divide groups.
        text.push_str("\n\n");
    }
    text
}

fn run(program: &str, folder: &Path, settings: &Settings<'_>) -> anyhow::Result<Child> {
    let log = File::create(folder.join(format!("{program}.log")))?;
    Command::from(settings.pin.command(Path::new(program)))
        .args(["-v", &settings.log_level.to_string(), "kannel.conf"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{program} cannot be run: is Debian's kannel on the PATH?"))
}

/// Waits until a box answers with these words.
async fn says(address: SocketAddr, path: &str, words: &str, folder: &Path) -> anyhow::Result<()> {
    let api = Api::new(address, "none")?;
    let asked = async {
        while !api.text(path).await.is_ok_and(|text| text.contains(words)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.with_context(|| {
        let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        format!("no \"{words}\": {}{}", log("bearerbox.log"), log("smsbox.log"))
    })
}
