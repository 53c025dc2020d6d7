//! Every code is as likely as every other, and old codes tell nothing about the next (PSD2 RTS
//! Art 4(2)(a)–(c), P2; NIST SP 800-63B-4 §3.1.3.2, N3).
//!
//! Pearson's chi-square test over ten million codes. The inputs are fixed and as alike as they can
//! be (ids that count upwards, one nonce), so that only the derivation can make the codes random; the
//! test gives the same result every time. Its thresholds are five standard deviations: a good
//! derivation would fail one of these tests once in a million choices of the key.

use countersign_core::code::{Alphabet, CodeFormat, ShortCodes};
use countersign_core::id::{AppId, VerificationId};
use countersign_core::keyring::{CodeInput, Epoch, KeyName, Keyring, ProofRing, Ring, RingKey, Secret};
use countersign_core::phone::E164;
use countersign_core::purpose::Purpose;
use countersign_core::time::Timestamp;
use countersign_core::transaction::{Transaction, TransactionDigest};

const NUMERIC_CODES: u64 = 10_000_000;
const ALPHANUMERIC_CODES: u64 = 2_000_000;

/// Counts how often each of its cells was met.
#[derive(Clone)]
struct Histogram {
    name: String,
    cells: Vec<u32>,
}

impl Histogram {
    fn new(name: &str, cells: usize) -> Self {
        Histogram { name: name.to_owned(), cells: vec![0; cells] }
    }

    fn add(&mut self, cell: usize) {
        self.cells[cell] += 1;
    }

    fn merge(&mut self, other: &Histogram) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell += more;
        }
    }

    /// How many standard deviations the chi-square statistic lies above its mean, by the
    /// Wilson–Hilferty approximation (Wilson and Hilferty, 1931).
    fn deviation(&self) -> f64 {
        let total: u64 = self.cells.iter().map(|&count| u64::from(count)).sum();
        let cells = f64::from(u32::try_from(self.cells.len()).unwrap());
        let expected = f64::from(u32::try_from(total).unwrap()) / cells;
        let chi_square: f64 =
            self.cells.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        let freedom = cells - 1.0;
        let spread = 2.0 / (9.0 * freedom);
        ((chi_square / freedom).cbrt() - (1.0 - spread)) / spread.sqrt()
    }

    /// Too even is as suspicious as too uneven.
    fn assert_uniform(&self) {
        let deviation = self.deviation();
        assert!(deviation.abs() < 5.0, "{}: {deviation:.2} standard deviations from uniform", self.name);
    }
}

fn keyring() -> Keyring {
    let key = |byte: u8| RingKey {
        name: KeyName("k".to_owned()),
        secret: Secret::from_bytes([byte; 32]),
        created_at: Timestamp::EPOCH,
    };
    Keyring {
        code: Ring::new(key(1), Vec::new()),
        phone: Ring::new(key(2), Vec::new()),
        index: Secret::from_bytes([3; 32]),
        tag: Secret::from_bytes([4; 32]),
        proof: ProofRing { current: Ring::new(key(5), Vec::new()), next: key(6) },
        epoch: Epoch(1),
    }
}

/// Derives codes that differ in one counter only.
struct Derivation {
    keyring: Keyring,
    key: KeyName,
    phone: E164,
    digest: TransactionDigest,
    format: CodeFormat,
    /// The value of each character.
    values: [usize; 128],
}

const APP: AppId = AppId::from_bytes([1; 16]);

impl Derivation {
    fn new(format: CodeFormat) -> Self {
        let mut values = [usize::MAX; 128];
        for (value, &character) in format.alphabet().characters().iter().enumerate() {
            values[usize::from(character)] = value;
        }
        Derivation {
            keyring: keyring(),
            key: KeyName("k".to_owned()),
            phone: E164::parse("+4915112345678", None).unwrap(),
            digest: Transaction::default().digest(APP, &Purpose::Login),
            format,
            values,
        }
    }

    /// The code of the `serial`-th verification, as the values of its characters.
    fn code(&self, serial: u64, generation: u8) -> [usize; 10] {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&serial.to_be_bytes());
        let input = CodeInput {
            app: APP,
            verification: VerificationId::from_bytes(id),
            nonce: &[0; 16],
            phone: &self.phone,
            purpose: &Purpose::Login,
            transaction: self.digest,
            epoch: Epoch(1),
            generation,
        };
        let code = self.keyring.code(&self.key, &input, self.format).unwrap();
        let mut values = [0; 10];
        for (value, byte) in values.iter_mut().zip(code.expose().bytes()) {
            *value = self.values[usize::from(byte)];
        }
        values
    }
}

/// What is counted of a stream of six-character codes.
#[derive(Clone)]
struct Counts {
    base: usize,
    histograms: Vec<Histogram>,
    before: Option<[usize; 10]>,
}

impl Counts {
    fn new(base: usize) -> Self {
        let mut histograms: Vec<Histogram> =
            (0..6).map(|position| Histogram::new(&format!("character {position}"), base)).collect();
        histograms.push(Histogram::new("first three characters", base.pow(3)));
        histograms.push(Histogram::new("last three characters", base.pow(3)));
        histograms.push(Histogram::new("first and last character", base.pow(2)));
        histograms.push(Histogram::new("last two characters beside those of the code before", base.pow(4)));
        histograms
            .push(Histogram::new("sum of the code and the one before, first three characters", base.pow(3)));
        Counts { base, histograms, before: None }
    }

    fn number(&self, values: &[usize]) -> usize {
        values.iter().fold(0, |number, &value| number * self.base + value)
    }

    fn add(&mut self, code: [usize; 10]) {
        for (position, &value) in code.iter().take(6).enumerate() {
            self.histograms[position].add(value);
        }
        let (first, last) = (self.number(&code[..3]), self.number(&code[3..6]));
        let ends = self.number(&[code[0], code[5]]);
        self.histograms[6].add(first);
        self.histograms[7].add(last);
        self.histograms[8].add(ends);
        if let Some(before) = self.before {
            let pair = self.number(&[before[4], before[5], code[4], code[5]]);
            let sum = (first + self.number(&before[..3])) % self.base.pow(3);
            self.histograms[9].add(pair);
            self.histograms[10].add(sum);
        }
        self.before = Some(code);
    }

    fn merge(&mut self, other: &Counts) {
        for (histogram, more) in self.histograms.iter_mut().zip(&other.histograms) {
            histogram.merge(more);
        }
    }
}

/// Counts codes `0..total`, on every core.
fn count(format: CodeFormat, total: u64) -> Counts {
    let base = format.alphabet().characters().len();
    let workers = std::thread::available_parallelism().map_or(1, |n| u64::try_from(n.get()).unwrap_or(1));
    let mut all = Counts::new(base);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let derivation = Derivation::new(format);
                    let mut counts = Counts::new(base);
                    for serial in total * worker / workers..total * (worker + 1) / workers {
                        counts.add(derivation.code(serial, 0));
                    }
                    counts
                })
            })
            .collect();
        for handle in handles {
            all.merge(&handle.join().unwrap());
        }
    });
    all
}

#[test]
fn n3_p2_ten_million_numeric_codes_are_uniform_and_successive_ones_are_unrelated() {
    let counts = count(CodeFormat::DEFAULT, NUMERIC_CODES);
    for histogram in &counts.histograms {
        histogram.assert_uniform();
    }
}

#[test]
fn n3_p2_alphanumeric_codes_are_uniform_and_successive_ones_are_unrelated() {
    let format = CodeFormat::new(6, Alphabet::Alphanumeric, ShortCodes::Refuse).unwrap();
    let counts = count(format, ALPHANUMERIC_CODES);
    for histogram in &counts.histograms {
        histogram.assert_uniform();
    }
}

#[test]
fn p2_the_generations_of_a_code_are_unrelated() {
    let derivation = Derivation::new(CodeFormat::DEFAULT);
    let mut counts = Counts::new(10);
    for serial in 0..50_000 {
        counts.before = None;
        for generation in 0..10 {
            counts.add(derivation.code(serial, generation));
        }
    }
    for histogram in &counts.histograms {
        histogram.assert_uniform();
    }
}

/// The tests themselves are tested: each of these flaws is one that somebody has shipped.
#[test]
fn flawed_generators_are_noticed() {
    let mut state = 1_u64;
    let mut random = move || {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let digits = |number: u64| {
        let mut values = [0; 10];
        for (position, value) in values.iter_mut().take(6).enumerate() {
            *value = usize::try_from(number / 10_u64.pow(5 - u32::try_from(position).unwrap()) % 10).unwrap();
        }
        values
    };
    let worst = |counts: &Counts| counts.histograms.iter().map(|h| h.deviation().abs()).fold(0.0, f64::max);
    let run = |next: &mut dyn FnMut() -> u64| {
        let mut counts = Counts::new(10);
        for _ in 0..1_000_000 {
            counts.add(digits(next()));
        }
        counts
    };

    let good = run(&mut || random() % 1_000_000);
    assert!(worst(&good) < 5.0, "the tests cry wolf");
    // One byte modulo ten for each digit: six values of 256 are met once more often.
    let bytewise = run(&mut || {
        random().to_be_bytes()[..6].iter().fold(0, |number, byte| number * 10 + u64::from(byte % 10))
    });
    assert!(worst(&bytewise) > 10.0);
    // Twenty bits modulo a million: the first 48,576 codes come twice as often.
    let short = run(&mut || (random() >> 44) % 1_000_000);
    assert!(worst(&short) > 10.0);
    // No leading zero.
    let padded = run(&mut || 100_000 + random() % 900_000);
    assert!(worst(&padded) > 10.0);
    // The next code is the last one and a little more.
    let mut last = 0;
    let counting = run(&mut || {
        last = (last + random() % 1000) % 1_000_000;
        last
    });
    assert!(worst(&counting) > 10.0);
    // Every code once before any comes again: too even to be random.
    let mut serial = 0;
    let even = run(&mut || {
        serial = (serial + 618_033) % 1_000_000;
        serial
    });
    assert!(worst(&even) > 10.0);
}
