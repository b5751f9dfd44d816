//! The cost of each message that `tests/saml` made, from the form that a browser posts to the verdict.

use super::message::Message;
use super::{ALLOCATIONS, MOST_CPU, MOST_MEMORY, micros, timed};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

/// What a verifier can be flooded with, and the tests that do it.
const FLOODS: [(&str, &[&str]); 9] = [
    ("size", &["floods::size"]),
    ("depth", &["floods::depth"]),
    ("elements, comments, IDs", &["floods::elements_and_comments", "floods::ids"]),
    ("attributes", &["floods::attributes_of_one_element"]),
    ("namespaces", &["floods::namespaces"]),
    ("entities and DTDs", &["hostile::document_types", "hostile::entities"]),
    ("character references, text", &["floods::text", "floods::everything_else_that_could_be_slow"]),
    ("EncryptedKeys", &["encrypted::several_keys_for_several_recipients"]),
    ("signed, at every limit", &["floods::the_worst_legal_message_is_quick"]),
];
/// Each message is measured so often, and its best time counts: another process may have had the caches.
const TRIES: usize = 5;

#[derive(Clone, Copy, Default)]
struct Cost {
    messages: usize,
    /// Of the form value.
    bytes: usize,
    cpu: Duration,
    /// Bytes allocated at the worst moment, by everything but the C code of the two cryptographic libraries.
    memory: usize,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes = self.bytes.max(other.bytes);
        self.cpu = self.cpu.max(other.cpu);
        self.memory = self.memory.max(other.memory);
    }
}

pub(crate) fn measure(file: &str) -> bool {
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    let mut all = Cost::default();
    let mut sound = true;
    for line in BufReader::new(File::open(file).expect(file)).lines() {
        let message: Message = serde_json::from_str(&line.expect("UTF-8")).expect("a message");
        let (cost, accepted) = cost(&message);
        if accepted != message.was_accepted() {
            println!("{}: another answer than in the test", message.test);
            sound = false;
        }
        if cost.cpu > MOST_CPU || cost.memory > MOST_MEMORY {
            println!("{}: {:.0} us, {} bytes", message.test, micros(cost.cpu), cost.memory);
            sound = false;
        }
        costs.entry(message.test).or_default().add(cost);
        all.add(cost);
    }
    println!(
        "{:<28} {:>8} {:>12} {:>12} {:>12}",
        "flood", "messages", "bytes, most", "CPU us, most", "KiB, most"
    );
    for (name, tests) in FLOODS {
        let mut row = Cost::default();
        for test in tests {
            sound &= costs.contains_key(*test);
            row.add(costs.get(*test).copied().unwrap_or_default());
        }
        print(name, row);
    }
    print("every message of tests/saml", all);
    let resident = resident();
    println!("the whole process: {} KiB at most", resident >> 10);
    sound && resident <= MOST_MEMORY
}

fn cost(message: &Message) -> (Cost, bool) {
    let gateway = message.gateway();
    let mut cost = Cost { messages: 1, bytes: message.value.len(), cpu: Duration::MAX, memory: 0 };
    let mut accepted = false;
    for _ in 0..TRIES {
        let form = message.form();
        let before = ALLOCATIONS.current_usage();
        ALLOCATIONS.reset_peak_usage();
        let (cpu, answer) = timed(|| message.is_accepted(&gateway, form));
        cost.cpu = cost.cpu.min(cpu);
        // The body was there before.
        cost.memory = cost.memory.max(ALLOCATIONS.peak_usage() - before + message.value.len());
        accepted = answer;
    }
    (cost, accepted)
}

fn print(name: &str, cost: Cost) {
    let Cost { messages, bytes, cpu, memory } = cost;
    println!("{name:<28} {messages:>8} {bytes:>12} {:>12.0} {:>12}", micros(cpu), memory >> 10);
}

/// The most that this process ever had in memory (VmHWM), the C libraries included.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim_end_matches("kB").trim().parse::<usize>().expect("a number") << 10
}
