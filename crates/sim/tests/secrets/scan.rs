//! Looks for secrets in files, in every form in which somebody might have written them down.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What is looked for.
pub(crate) struct Needles {
    all: Vec<(String, Vec<u8>)>,
    /// Needles by their first two bytes.
    by_start: Vec<Vec<usize>>,
}

/// A secret that was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: String,
    pub(crate) file: PathBuf,
    pub(crate) offset: usize,
    /// Of the form that was found.
    pub(crate) bytes: usize,
}

impl Needles {
    pub(crate) fn new() -> Self {
        Needles { all: Vec::new(), by_start: vec![Vec::new(); 1 << 16] }
    }

    /// A number in E.164 form. Its last nine digits stand for all ways to write it without spaces.
    pub(crate) fn phone(&mut self, e164: &str) {
        let digits = e164.strip_prefix('+').unwrap();
        let tail = &digits[digits.len() - 9..];
        self.digits(e164, tail);
        self.integer(e164, digits.parse().unwrap());
        self.packed(e164, digits);
        let national = &digits[2..];
        for (from, groups) in [
            (national, [2, 2, 2, 2, 2].as_slice()),
            (national, &[4, 6]),
            (national, &[4, 3, 3]),
            (national, &[3, 3, 4]),
        ] {
            for separator in [" ", "-", ".", "\u{a0}"] {
                self.add(e164, grouped(from, groups, separator).into_bytes());
            }
        }
    }

    /// A code of ten digits.
    pub(crate) fn code(&mut self, code: &str) {
        assert_eq!(code.len(), 10, "shorter codes are found by chance");
        self.digits(code, code);
        self.integer(code, code.parse().unwrap());
        self.packed(code, code);
    }

    /// A text that is long enough to be found by purpose only.
    pub(crate) fn text(&mut self, text: &str) {
        self.add(text, text.as_bytes().to_vec());
        for shift in 0..3 {
            self.add(text, inner_base64(text.as_bytes(), shift));
        }
    }

    fn digits(&mut self, what: &str, digits: &str) {
        self.text(digits);
        let bytes = digits.as_bytes();
        let hex =
            |lead: &str| bytes.iter().fold(String::new(), |text, byte| format!("{text}{lead}{byte:02x}"));
        // A digit's code has no letters in hexadecimal: capitals need no needle of their own.
        self.add(what, hex("").into_bytes());
        self.add(what, hex("%").into_bytes());
        let mut wide: Vec<u8> = bytes.iter().flat_map(|byte| [*byte, 0]).collect();
        // Of either byte order: what follows the last digit belongs to the next character.
        wide.pop();
        self.add(what, wide);
        self.add(what, bytes.iter().rev().copied().collect());
        self.add(what, bytes.iter().map(|byte| byte - b'0').collect());
    }

    /// Packed decimals, also with swapped halves as in SMS (3GPP TS 23.040 §9.1.2.5).
    fn packed(&mut self, what: &str, digits: &str) {
        let values: Vec<u8> = digits.bytes().map(|byte| byte - b'0').collect();
        for from in [0, 1] {
            let pairs = values[from..].chunks_exact(2);
            self.add(what, pairs.clone().map(|pair| pair[0] << 4 | pair[1]).collect());
            self.add(what, pairs.map(|pair| pair[1] << 4 | pair[0]).collect());
        }
    }

    fn integer(&mut self, what: &str, number: u64) {
        let significant: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        self.add(what, significant.iter().rev().copied().collect());
        self.add(what, significant);
    }

    fn add(&mut self, what: &str, bytes: Vec<u8>) {
        // Four bytes stand somewhere in a large file by chance.
        if bytes.len() < 5 {
            return;
        }
        let start = usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
        self.by_start[start].push(self.all.len());
        self.all.push((what.to_owned(), bytes));
    }

    /// Every needle in `hay`.
    pub(crate) fn in_bytes(&self, file: &Path, hay: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        for offset in 0..hay.len().saturating_sub(1) {
            let start = usize::from(hay[offset]) << 8 | usize::from(hay[offset + 1]);
            for &needle in &self.by_start[start] {
                let (what, bytes) = &self.all[needle];
                if hay[offset..].starts_with(bytes) {
                    found.push(Found {
                        what: what.clone(),
                        file: file.to_owned(),
                        offset,
                        bytes: bytes.len(),
                    });
                }
            }
        }
        found
    }

    /// Every needle in every file below `folder`, whatever the file is for.
    pub(crate) fn in_folder(&self, folder: &Path) -> Vec<Found> {
        files(folder).iter().flat_map(|file| self.in_bytes(file, &fs::read(file).unwrap())).collect()
    }
}

/// Every regular file below a folder.
pub(crate) fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.extend(files(&entry.path()));
        } else if kind.is_file() {
            all.insert(entry.path());
        }
    }
    all
}

fn grouped(digits: &str, groups: &[usize], separator: &str) -> String {
    let mut rest = digits;
    let mut parts = Vec::new();
    for &group in groups {
        let (part, after) = rest.split_at(group);
        parts.push(part);
        rest = after;
    }
    parts.join(separator)
}

/// What of a text's base64 does not depend on what stands around it, at one of three positions.
fn inner_base64(bytes: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let text = STANDARD_NO_PAD.encode(&padded).into_bytes();
    let from = [0, 2, 3][shift];
    let whole = padded.len() / 3 * 4;
    text[from..whole].to_vec()
}

#[test]
fn secrets_are_found_in_all_their_forms() {
    let phone = "+447311926584";
    let mut needles = Needles::new();
    needles.phone(phone);
    needles.code("9305817264");
    let mut forms: Vec<Vec<u8>> = [
        "to +447311926584",
        "tel:07311926584",
        "00447311926584",
        "07311 926584",
        "7311-926-584",
        "73 11 92 65 84",
        "%2B%34%34%37%33%31%31%39%32%36%35%38%34",
        "code=9305817264.",
        "4627185039",
    ]
    .iter()
    .map(|form| form.as_bytes().to_vec())
    .collect();
    for lead in ["", "a", "ab"] {
        forms.push(STANDARD_NO_PAD.encode(format!("{lead}+447311926584, later")).into_bytes());
        forms.push(STANDARD_NO_PAD.encode(format!("{lead}9305817264 is your code")).into_bytes());
    }
    forms.push("+447311926584".encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push("+447311926584".encode_utf16().flat_map(u16::to_be_bytes).collect());
    forms.push(b"2b343437333131393236353834".to_vec());
    forms.push(447_311_926_584_u64.to_be_bytes().to_vec());
    forms.push(447_311_926_584_u64.to_le_bytes().to_vec());
    forms.push(vec![0x44, 0x73, 0x11, 0x92, 0x65, 0x84]);
    forms.push(vec![0x44, 0x37, 0x11, 0x29, 0x56, 0x48]);
    for form in forms {
        let mut hay = b"something before ".to_vec();
        hay.extend_from_slice(&form);
        hay.extend_from_slice(b" something after");
        let found = needles.in_bytes(Path::new("here"), &hay);
        assert!(!found.is_empty(), "not found: {}", String::from_utf8_lossy(&form));
    }
    let harmless = "+44•••••••584 2026-11-23T06:45:00.926584Z 1795428000000 ver_01kayn3f2t0h8m5v9d7q4w6x2e";
    assert_eq!(needles.in_bytes(Path::new("here"), harmless.as_bytes()), []);
}
