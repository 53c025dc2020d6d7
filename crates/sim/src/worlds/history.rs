//! Writes a world down, for `countersign guard replay`.

use std::collections::BTreeMap;
use std::io::Write;

use super::country::COUNTRIES;
use super::defender::at;
use super::dice::Dice;
use super::run::{Plan, end_ms, people};

/// Rows that wait for their turn, by time and order.
type Rows = BTreeMap<(u64, u64), String>;

/// Writes the customers and the campaigns that do not watch. Codes of messages that a policy does not send are among the
/// rows: a replay ignores them. Returns how many rows there are below the header.
pub fn write(plan: &Plan, output: &mut impl Write) -> std::io::Result<u64> {
    let (mut honest, mut campaigns) = people(plan);
    campaigns.retain(|campaign| campaign.kind.is_blind());
    let mut dice = Dice::new(plan.seed, 3);
    writeln!(output, "at,event,request_id,to,ip,device,customer,price")?;
    let (mut written, mut order, mut late) = (0, 0, Rows::new());
    let mut visit_ms = honest.next_after(0);
    let mut next: Vec<Option<u64>> = campaigns.iter().map(|campaign| Some(campaign.start_ms)).collect();
    loop {
        let attack = (0..campaigns.len()).filter_map(|at| next[at].map(|ms| (ms, at))).min();
        let visits = visit_ms < end_ms(plan);
        let (now_ms, who, country, range, offset, typed_after_ms) = match attack {
            Some((ms, at)) if !visits || ms < visit_ms => {
                let attempt = campaigns[at].attempt();
                next[at] = campaigns[at].next_after(ms);
                (ms, None, attempt.country, attempt.range, attempt.offset, attempt.typed_after_ms)
            }
            _ if visits => {
                let now_ms = visit_ms;
                let visit = honest.visit(now_ms);
                visit_ms = honest.next_after(now_ms);
                (now_ms, visit.who, visit.country, visit.range, visit.offset, visit.typed_after_ms)
            }
            _ => break,
        };
        written += flush(&mut late, now_ms, output)?;
        order += 1;
        let (country, place) = (&COUNTRIES[country], country);
        let customer = who.map_or(String::new(), |who| format!("c{place}-{who}"));
        let ip = std::net::Ipv4Addr::from(dice.bits());
        let to = country.number(range, offset);
        let price = format!("0.{:06}", country.price_micros);
        writeln!(output, "{},request,{order},{to},{ip},,{customer},{price}", seconds(now_ms))?;
        written += 1;
        if let Some(after_ms) = typed_after_ms {
            let row = format!("{},convert,{order},,,,,", seconds(now_ms + after_ms));
            late.insert((now_ms + after_ms, order), row);
        }
    }
    Ok(written + flush(&mut late, u64::MAX, output)?)
}

fn flush(late: &mut Rows, until_ms: u64, output: &mut impl Write) -> std::io::Result<u64> {
    let mut written = 0;
    while let Some(first) = late.first_entry().filter(|first| first.key().0 <= until_ms) {
        writeln!(output, "{}", first.remove())?;
        written += 1;
    }
    Ok(written)
}

fn seconds(ms: u64) -> String {
    let millis = at(ms).as_millis();
    format!("{}.{:03}", millis / 1000, millis % 1000)
}
