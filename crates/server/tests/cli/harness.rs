//! Runs the binary.

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};

const BINARY: &str = env!("CARGO_BIN_EXE_countersign");
/// Longest time that a test waits for a process.
const PATIENCE: Duration = Duration::from_secs(30);

/// A number with a fixed code, for test keys.
pub(crate) const PHONE: &str = "+447700900123";
/// Its code.
pub(crate) const CODE: &str = "918273";

/// What a command printed.
pub(crate) struct Printed {
    pub(crate) success: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Printed {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        Printed { success: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// What a command printed that did what it was asked.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert!(self.success, "{}\n{}", self.out, self.err);
        self.out
    }

    /// Why a command did not do it; every one of `words` is in it.
    #[track_caller]
    pub(crate) fn refused(self, words: &[&str]) -> String {
        assert!(!self.success, "{}", self.out);
        assert!(words.iter().all(|word| self.err.contains(word)), "{words:?} are not all in\n{}", self.err);
        self.err
    }
}

/// A folder with a configuration, and the commands that are run in it. What is there goes with it.
pub(crate) struct Operator {
    pub(crate) folder: PathBuf,
}

impl Operator {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("countersign-cli-{}-{number}", std::process::id()));
        // An earlier process may have had the same number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let operator = Operator { folder };
        operator.configure("data_dir = \"data\"\n[log]\nlevel = \"info\"\n");
        operator
    }

    /// Writes the configuration; the lines begin in `[server]`.
    pub(crate) fn configure(&self, lines: &str) {
        let text = format!("[server]\nlisten = \"127.0.0.1:0\"\nshutdown_grace_s = 5\n{lines}");
        fs::write(self.folder.join("countersign.toml"), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(&self.folder).env_clear().kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command that takes no configuration.
    pub(crate) async fn run_bare(&self, arguments: &[&str]) -> Printed {
        let output = tokio::time::timeout(PATIENCE, self.command(arguments).output()).await;
        Printed::of(&output.expect("the command to end").unwrap())
    }

    /// Runs a command with the folder's configuration.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Printed {
        self.run_bare(&[&["--config", "countersign.toml"], arguments].concat()).await
    }

    /// Runs the server until it answers.
    pub(crate) async fn serve(&self) -> Serving {
        let mut child = self.command(&["--config", "countersign.toml", "serve"]).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = tokio::time::timeout(PATIENCE, address(&mut log)).await.expect("the server to start");
        let serving = Serving { url: format!("http://{address}"), child, log };
        serving.wait_until_it_answers().await;
        serving
    }

    /// Creates an app whose test number has a fixed code, and a test key with the scope `admin`.
    pub(crate) async fn shop(&self) -> (String, String) {
        fs::write(self.folder.join("policy.json"), json!({ "test_numbers": { PHONE: CODE } }).to_string())
            .unwrap();
        let app = self.run(&["app", "create", "--name", "Shop", "--policy", "policy.json"]).await.done();
        let key =
            self.run(&["key", "create", "--app", &app, "--mode", "test", "--scope", "admin"]).await.done();
        (app, key)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn address(log: &mut BufReader<ChildStderr>) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).await.unwrap() > 0, "the server has ended:\n{seen}");
        seen.push_str(&line);
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = find(&entry, "address") {
            return address;
        }
    }
}

/// The first text under this name, at any depth.
fn find(value: &Value, name: &str) -> Option<String> {
    let object = value.as_object()?;
    let here = object.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    here.or_else(|| object.values().find_map(|inner| find(inner, name)))
}

/// A server that runs.
pub(crate) struct Serving {
    pub(crate) url: String,
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Serving {
    async fn wait_until_it_answers(&self) {
        let answers = async {
            while client().get(format!("{}/readyz", self.url)).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.expect("the server to answer");
    }

    /// Sends it a signal, by its name.
    pub(crate) async fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &line]).status().await.unwrap().success());
    }

    /// Waits for its end: whether it ended well, and the rest of its log.
    pub(crate) async fn end(mut self) -> (bool, String) {
        let mut log = String::new();
        let ended = tokio::time::timeout(PATIENCE, async {
            self.log.read_to_string(&mut log).await.unwrap();
            self.child.wait().await.unwrap()
        });
        (ended.await.expect("the server to end").success(), log)
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(self) -> (bool, String) {
        self.signal("TERM").await;
        self.end().await
    }

    /// A request with an API key: status and body.
    pub(crate) async fn ask(&self, key: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => client().post(url).json(&body),
            None => client().get(url),
        };
        let answer = request.bearer_auth(key).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Verifies the test number: the verification's id and its proof.
    pub(crate) async fn approve(&self, key: &str) -> (String, String) {
        let start = json!({ "to": PHONE, "purpose": "login" });
        let (status, started) = self.ask(key, "/v1/verifications", Some(start)).await;
        assert_eq!(status, 201, "{started}");
        let id = started["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/verifications/{id}/check");
        let (_, checked) = self.ask(key, &path, Some(json!({ "code": CODE }))).await;
        (id, checked["proof"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}
