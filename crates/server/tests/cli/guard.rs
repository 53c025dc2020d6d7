//! `countersign guard replay` and `countersign guard bound`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::harness::Operator;

const HEADER: &str = "at,event,request_id,to,ip,device,customer,price\n";

/// A day of honest customers, and an hour in which somebody pumps a range.
fn history() -> String {
    let mut rows: Vec<(u64, String)> = Vec::new();
    let mut state = 7_u64;
    let mut dice = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    for n in 0..2880_u64 {
        let at_ms = n * 30_000 + dice(20_000);
        let to = format!("+4917{}{:07}", dice(10), dice(10_000_000));
        let ip = format!("{}.{}.{}.7", 11 + dice(180), dice(256), dice(256));
        rows.push((at_ms, format!("request,h{n},{to},{ip},d{n},,0.07")));
        if dice(10) < 7 {
            rows.push((at_ms + 9000 + dice(30_000), format!("convert,h{n},,,,,")));
        }
    }
    for n in 0..3600_u64 {
        let ip = format!("{}.{}.{}.9", 11 + dice(180), dice(256), dice(256));
        rows.push((
            43_200_000 + n * 1000,
            format!("request,f{n},+4916{:09},{ip},,,0.07", 200_000_000 + n * 104_729 % 10_000_000),
        ));
        // Of messages that are refused these never come; a history of another system has them all the same.
        rows.push((43_210_000 + n * 1000, format!("convert,f{},,,,,", n * 97 % 3600 + 4000)));
    }
    rows.sort();
    let mut text = HEADER.to_owned();
    for (at_ms, row) in rows {
        let _ = writeln!(text, "{}.{:03},{row}", 1_795_428_000 + at_ms / 1000, at_ms % 1000);
    }
    text
}

struct Lab(Operator);

impl Lab {
    fn new() -> Self {
        Lab(Operator::new())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.folder.join(name), text).unwrap();
    }

    async fn replay(&self, more: &[&str]) -> crate::harness::Printed {
        let mut arguments = vec!["guard", "replay", "--input", "events.csv", "--output", "decisions.csv"];
        arguments.extend(more);
        self.0.run_bare(&arguments).await
    }

    fn decisions(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.0.folder.join("decisions.csv")).unwrap();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }
}

#[tokio::test]
async fn a_history_gets_a_decision_for_each_request_and_a_summary_with_costs() {
    let lab = Lab::new();
    lab.write("events.csv", &history());
    lab.write("p.toml", "currency = \"EUR\"\n[caps]\ndaily = \"500\"\n");
    let summary = lab.replay(&["--policy", "p.toml"]).await.done();
    let decisions = lab.decisions();
    assert_eq!(decisions[0], ["request_id", "decision", "rule", "reason", "probe"]);
    assert_eq!(decisions.len(), 1 + 2880 + 3600);
    let mut count: BTreeMap<(char, &str), usize> = BTreeMap::new();
    for row in &decisions[1..] {
        assert_eq!(row.len(), 5, "{row:?}");
        let passed = row[1] == "allow";
        assert!(passed == row[2].is_empty() || row[4] == "true", "{row:?}");
        *count.entry((row[0].chars().next().unwrap(), row[1].as_str())).or_default() += 1;
    }
    // Of the pumping hardly anything, of the customers hardly anybody.
    assert!(count[&('f', "allow")] < 60, "{count:?}");
    assert!(count[&('h', "allow")] > 2850, "{count:?}");
    for word in [
        "requests     6480",
        "range_conversion",
        "EUR 0.070000",
        "worst case of one key",
        "customers hurt",
        "money saved",
    ] {
        assert!(summary.contains(word), "{word}: {summary}");
    }
    let bytes = summary.split(" bytes per active key").next().unwrap().rsplit(' ').next().unwrap();
    assert!((1..=1024).contains(&bytes.parse::<u32>().unwrap()), "{summary}");

    let first = decisions;
    lab.replay(&["--policy", "p.toml"]).await.done();
    assert!(lab.decisions() == first, "not the same again");
    lab.replay(&["--policy", "p.toml", "--seed", "8"]).await.done();
    assert!(lab.decisions() != first, "another seed draws other probes");
}

#[tokio::test]
async fn a_conversion_of_a_message_that_was_not_sent_is_ignored() {
    let lab = Lab::new();
    let rows = "0,request,a,+491701234567,,,,0.07\n1.5,request,b,+491701234567,,,,0.07\n2,convert,b,,,,,\n\
        3,convert,a,,,,,\n4,convert,a,,,,,\n5,convert,zzz,,,,,\n";
    lab.write("events.csv", &format!("{HEADER}{rows}"));
    let summary = lab.replay(&[]).await.done();
    assert!(
        summary.contains("1 counted, 2 of messages that were not sent or too old, 1 told twice"),
        "{summary}"
    );
    let told: Vec<String> = lab.decisions()[1..].iter().map(|row| row[..3].join(",")).collect();
    assert_eq!(told, ["a,allow,", "b,refuse,phone_spacing"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_line() {
    let good = "1,request,a,+491701234567,203.0.113.7,d,c,0.07\n";
    for (row, words) in [
        ("0.5,request,b,+491701234568,,,,0.07\n", ["line 3", "sort"]),
        ("x,request,b,+491701234568,,,,0.07\n", ["line 3", "at"]),
        ("2,reqest,b,+491701234568,,,,0.07\n", ["line 3", "event"]),
        ("2,request,,+491701234568,,,,0.07\n", ["line 3", "request_id"]),
        ("2,request,a,+491701234568,,,,0.07\n", ["line 3", "earlier request"]),
        ("2,request,b,01701234568,,,,0.07\n", ["line 3", "E.164"]),
        ("2,request,b,+491701234568,300.1.1.1,,,0.07\n", ["line 3", "IP"]),
        ("2,request,b,+491701234568,,,,free\n", ["line 3", "price"]),
        ("2,request,b\n", ["line 3", "cells"]),
    ] {
        let lab = Lab::new();
        lab.write("events.csv", &format!("{HEADER}{good}{row}"));
        let told = lab.replay(&[]).await.refused(&words);
        assert!(!told.contains("491701234568"), "no number in an error: {told}");
        assert_eq!(lab.decisions().len(), 2, "what came before stands");
    }
    for (header, word) in [
        (HEADER.replace(",price", ""), "\"price\" is missing"),
        (HEADER.replace("device", "gadget"), "\"gadget\" is unknown"),
        (HEADER.replace("device", "to"), "\"to\" is there twice"),
    ] {
        let lab = Lab::new();
        lab.write("events.csv", &header);
        lab.replay(&[]).await.refused(&["line 1", word]);
    }
    Lab::new().replay(&[]).await.refused(&["events.csv"]);
}

#[tokio::test]
async fn a_policy_is_read_strictly() {
    for (policy, words) in [
        ("mode = \"enforce\"\n[credit.rang]\nstart = 1\n", vec!["p.toml", "line 2", "rang"]),
        ("[credit.range]\nstart = 0\n", vec!["credit.range.start"]),
        ("[credit.range]\ngain = 2.00001\n", vec!["three decimals"]),
        ("[caps]\ndaily = 250\n", vec!["daily"]),
        ("mode = \"loud\"\n", vec!["shadow"]),
    ] {
        let lab = Lab::new();
        lab.write("events.csv", HEADER);
        lab.write("p.toml", policy);
        lab.replay(&["--policy", "p.toml"]).await.refused(&words);
    }
}

#[tokio::test]
async fn networks_are_those_of_the_operators_file() {
    let lab = Lab::new();
    let mut events = HEADER.to_owned();
    for n in 0..20_u64 {
        let _ = writeln!(events, "{n},request,r{n},+4917{n:02}{:06},198.51.{n}.7,,,0.07", n * 7919);
    }
    lab.write("events.csv", &events);
    lab.write("networks.csv", "prefix,asn,kind\n198.51.0.0/16,64500,hosting\n");
    let summary = lab.replay(&["--networks", "networks.csv"]).await.done();
    assert!(summary.contains("asn"), "{summary}");
    assert_eq!(lab.decisions().iter().filter(|row| row[1] == "challenge").count(), 10);
    lab.write("networks.csv", "prefix,asn,kind\n198.51.0.0/16,64500,datacentre\n");
    lab.replay(&["--networks", "networks.csv"]).await.refused(&["networks.csv", "line 2", "hosting"]);
}

#[tokio::test]
async fn the_bound_is_printed_in_money() {
    let lab = Lab::new();
    lab.write("p.toml", "currency = \"EUR\"\n[caps]\ndaily = \"100\"\n");
    let printed = lab.0.run_bare(&["guard", "bound", "--policy", "p.toml", "--price", "0.10"]).await.done();
    // 20 + 2·24 + 10 probes on each of two days, at ten cents; with a quarter typed 2.67 times that.
    assert!(printed.contains("88 = EUR 8.80") && printed.contains("234 = EUR 23.40"), "{printed}");
    assert!(printed.contains("(cap)") && printed.contains("EUR 120.00"), "{printed}");
    lab.0.run_bare(&["guard", "bound", "--price", "a"]).await.refused(&["--price"]);
}
