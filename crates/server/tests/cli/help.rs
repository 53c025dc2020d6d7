//! `--help` teaches

use clap::CommandFactory as _;
use countersign_server::cli::Cli;

use crate::harness::Operator;

/// The words of every command, such as `key create`.
fn every_command(command: &clap::Command, above: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![above.to_vec()];
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let words = [above, &[inner.get_name().to_owned()]].concat();
        all.extend(every_command(inner, &words));
    }
    all
}

#[tokio::test]
async fn every_command_has_help() {
    let operator = Operator::new();
    let commands = every_command(&Cli::command(), &[]);
    assert!(commands.len() > 15, "{commands:?}");
    for words in commands {
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = operator.run_bare(&arguments).await.done();
        assert!(help.contains("Usage: countersign"), "{words:?}: {help}");
        let first = help.lines().next().unwrap();
        assert!(
            first.len() > 10 && !first.starts_with("Usage"),
            "{words:?} does not say what it does: {help}"
        );
    }
}

#[test]
fn every_option_says_what_it_is() {
    fn check(command: &clap::Command) {
        for argument in command
            .get_arguments()
            .filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
        {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[tokio::test]
async fn nothing_asked_is_help_and_a_wrong_word_is_told() {
    let operator = Operator::new();
    operator.run_bare(&[]).await.refused(&["Usage: countersign", "dev", "serve"]);
    operator.run_bare(&["srve"]).await.refused(&["srve", "serve"]);
    assert!(operator.run_bare(&["--version"]).await.done().starts_with("countersign 0."));
}
