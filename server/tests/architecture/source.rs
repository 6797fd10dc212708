//! One file of the workspace as the rules see it: its lines, its words, and the layers of a Rust source apart.

/// One file, with the layers of a Rust source apart: a word in a comment is not a word in the code.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) literals: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, literals) = if path.ends_with(".rs") { layers(text) } else { Default::default() };
        Self { path: path.into(), text: text.into(), code, literals }
    }

    pub(crate) fn is_manifest(&self) -> bool {
        self.path.ends_with("Cargo.toml")
    }

    /// The folder of the crate that this file belongs to; empty for the workspace's own files.
    pub(crate) fn member(&self) -> &str {
        self.path.split_once('/').map_or("", |(member, _)| member)
    }

    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.contains("/examples/")
    }

    pub(crate) fn complain(&self, line: usize, why: impl std::fmt::Display) -> String {
        format!("{}:{line}: {why}", self.path)
    }
}

/// What a manifest depends on, by line, whichever of the dependency tables it stands in.
pub(crate) fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let (mut found, mut inside) = (Vec::new(), false);
    for (number, line) in numbered(manifest) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies");
            let table = section.split_once("dependencies.").map(|(_, name)| (number, name.to_owned()));
            found.extend(table);
        } else if inside && line.starts_with(|first: char| first.is_alphanumeric()) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            found.push((number, name.to_owned()));
        }
    }
    found
}

pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

pub(crate) const fn is_word(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || symbol == '_'
}

/// The lines in which `name` stands as a whole word, or as the whole beginning of a path when it ends in `::`.
pub(crate) fn lines_with(text: &str, name: &str) -> Vec<usize> {
    let whole = |line: &str| {
        line.match_indices(name).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + name.len()..]);
            let goes_on = name.ends_with(is_word) && after.starts_with(is_word);
            !before.ends_with(is_word) && !goes_on
        })
    };
    numbered(text).filter(|(_, line)| whole(line)).map(|(number, _)| number).collect()
}

/// A Rust source as its code and its string literals, each with blanks where the other, or a comment, stands.
fn layers(text: &str) -> (String, String) {
    let symbols: Vec<char> = text.chars().collect();
    let (mut code, mut literals, mut at) = (String::new(), String::new(), 0);
    while at < symbols.len() {
        let (length, layer) = token(&symbols[at..]);
        for &symbol in &symbols[at..at + length] {
            let blank = if symbol == '\n' { '\n' } else { ' ' };
            code.push(if layer == Layer::Code { symbol } else { blank });
            literals.push(if layer == Layer::Literal { symbol } else { blank });
        }
        at += length;
    }
    (code, literals)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Code,
    Literal,
    Comment,
}

/// How long the token at the start of `rest` is, and where it belongs. Never longer than `rest`, never empty.
fn token(rest: &[char]) -> (usize, Layer) {
    let end_of = |end: &[char], from: usize| {
        let found = (from..rest.len()).find(|&at| rest[at..].starts_with(end));
        found.map_or(rest.len(), |at| at + end.len())
    };
    match rest {
        ['/', '/', ..] => (end_of(&['\n'], 2), Layer::Comment),
        ['/', '*', ..] => (end_of(&['*', '/'], 2), Layer::Comment),
        ['"', ..] => (quoted(rest), Layer::Literal),
        ['\'', '\\', _, ..] => (end_of(&['\''], 3), Layer::Code),
        ['\'', _, '\'', ..] => (3, Layer::Comment),
        ['r', '"' | '#', ..] => {
            let hashes = rest[1..].iter().take_while(|symbol| **symbol == '#').count();
            let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let raw = rest.get(1 + hashes) == Some(&'"');
            if raw { (end_of(&end, 2 + hashes), Layer::Literal) } else { (1, Layer::Code) }
        }
        [_, ..] | [] => (1, Layer::Code),
    }
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}
