//! `countersign dev`: the first minute

use std::fs;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::harness::{Operator, client};

#[tokio::test]
async fn dev_prints_three_links_and_a_working_key_and_leaves_only_its_folder() {
    let operator = Operator::new();
    let mut child =
        operator.command(&["dev", "--data-dir", "try", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed = String::new();
    while !printed.contains("Ctrl-C stops it.") {
        printed.push_str(&lines.next_line().await.unwrap().expect("dev to go on"));
        printed.push('\n');
    }
    let link = |page: &str| {
        printed
            .split_whitespace()
            .find(|word| word.starts_with("http") && word.ends_with(page))
            .unwrap()
            .to_owned()
    };
    for page in ["/shop", "/phone", "/docs"] {
        // It answers as soon as it is printed or a moment later.
        let url = link(page).replace("localhost", "127.0.0.1");
        let mut answer = client().get(&url).send().await;
        while answer.is_err() {
            answer = client().get(&url).send().await;
        }
        assert!(answer.unwrap().status().is_success(), "{page}");
    }
    let key = fs::read_to_string(operator.folder.join("try/dev-api-key")).unwrap();
    assert!(printed.contains(key.trim()), "the curl line has the key:\n{printed}");
    let interrupt = format!("kill -INT {}", child.id().unwrap());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
    let mut left: Vec<String> = fs::read_dir(&operator.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["countersign.toml", "try"]);
}

#[tokio::test]
async fn dev_is_for_this_machine_only() {
    let operator = Operator::new();
    operator.run_bare(&["dev", "--listen", "0.0.0.0:0"]).await.refused(&["this machine only"]);
    operator.run(&["dev"]).await.refused(&["no configuration file"]);
}
