//! "Did you mean": the known word nearest to a mistyped one.

/// Longer words are no typos of any key, and comparing them would cost time for nothing.
const MAX_WORD_BYTES: usize = 64;

/// The candidate nearest to `word`, if it is near enough to be what was meant: one edit for every
/// three characters, at least one.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|candidate| (edits(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits <= (candidate.len() / 3).max(1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
/// (optimal string alignment distance).
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == to[column - 1] && from[row - 1] == *b {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in
            [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("listen", "lisetn", 1), ("listen", "listne", 1)]
        {
            assert_eq!(edits(from, to), count, "{from} {to}");
        }
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("level", "level"), 0);
    }

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let keys = ["listen", "public_url", "data_dir"];
        assert_eq!(closest("lisen", keys), Some("listen"));
        assert_eq!(closest("LISTEN", keys), Some("listen"));
        assert_eq!(closest("public-url", keys), Some("public_url"));
        assert_eq!(closest("datadir", keys), Some("data_dir"));
        assert_eq!(closest("colour", keys), None);
        assert_eq!(closest(&"listen".repeat(20), keys), None);
    }
}
