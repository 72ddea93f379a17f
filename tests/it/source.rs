//! The project's own files, and just enough of Rust's grammar to ask questions about them.

use std::fs;
use std::path::Path;

/// Folders that are not sources: build output, results, history, and other people's data.
const NOT_OURS: [&str; 4] = ["target", "results", ".git", "data"];

/// One text file of the project.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the project's root, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// The same lines with comments and the insides of literals blanked, if it is Rust.
    pub(crate) code: String,
}

/// A function with a body.
#[derive(Debug, PartialEq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Line of its `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from there to its closing brace that hold code.
    pub(crate) length: usize,
}

impl Source {
    /// A file with this content.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { blank(text) } else { String::new() };
        Self { path: path.into(), text: text.into(), code }
    }

    /// The file's code up to its unit tests.
    pub(crate) fn code_without_tests(&self) -> &str {
        let tests = self.code.match_indices("#[cfg(test)]").find(|(at, attribute)| {
            let rest = self.code[at + attribute.len()..].trim_start();
            let Some(name) = rest.strip_prefix("mod ") else { return false };
            name[identifier(name).len()..].trim_start().starts_with('{')
        });
        &self.code[..tests.map_or(self.code.len(), |(at, _)| at)]
    }

    /// The folder directly under `src` that the file belongs to.
    pub(crate) fn room(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(room, _)| room)
    }

    /// Whether the file is a file of tests as a whole.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("/golden.rs")
    }

    /// How many modules deep the file's own module is; the crate's root is 0.
    pub(crate) fn depth(&self) -> usize {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let is_folder_itself = inside.ends_with("/mod.rs") || inside == "lib.rs";
        inside.split('/').count() - usize::from(is_folder_itself)
    }

    /// Every function with a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.code, "fn").filter_map(|at| function(&self.code, at)).collect()
    }
}

/// Every text file of the project, in the order of its path.
pub(crate) fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    gather(root, root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn gather(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the project's folders can be read") {
        let path = entry.expect("the project's folders can be listed").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            gather(root, &path, found);
        } else if path.is_file() && is_text(&name) {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let inside: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
            found.push(Source::new(&inside.join("/"), &text));
        }
    }
}

fn is_text(name: &str) -> bool {
    let endings = [".rs", ".md", ".toml", ".yaml", ".sh", ".yml"];
    name == "run" || endings.iter().any(|ending| name.ends_with(ending))
}

/// The line of byte `at`, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `word` stands in `code`, not as a part of a longer word.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back().is_some_and(is_part);
        let after = code[at + word.len()..].chars().next().is_some_and(is_part);
        !(before && word.starts_with(is_part) || after && word.ends_with(is_part))
    })
}

/// The identifier at the start of `code`.
pub(crate) fn identifier(code: &str) -> &str {
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    &code[..end]
}

/// The function whose `fn` stands at `at`; none for a declaration or a pointer type.
fn function(code: &str, at: usize) -> Option<Function> {
    let name = identifier(code[at + 2..].trim_start());
    let (mut nesting, mut braces) = (0_i32, 0_i32);
    for (offset, c) in code[at..].char_indices() {
        match c {
            '(' | '[' => nesting += 1,
            ')' | ']' => nesting -= 1,
            ';' if nesting == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        if c == '}' && braces == 0 {
            let lines = code[at..=at + offset].lines();
            let length = lines.filter(|line| !line.trim().is_empty()).count();
            let line = line_of(code, at);
            return (!name.is_empty()).then(|| Function { name: name.into(), line, length });
        }
    }
    None
}

/// `text` with comments and the insides of literals as spaces; every line stays where it is.
fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest, code.chars().next_back());
        let length = skipped.unwrap_or(first.len_utf8());
        if skipped.is_some() {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            code.push(first);
        }
        rest = &rest[length..];
    }
    code
}

/// How many bytes of `rest` are a comment or a literal; none: it begins with code.
fn skipped(rest: &str, before: Option<char>) -> Option<usize> {
    let whole = rest.len();
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(whole));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if rest.starts_with('\'') {
        let mut inside = rest.chars().skip(1);
        let is_escape = inside.next() == Some('\\');
        // `'a` without a closing quote is a lifetime.
        return (is_escape || inside.next() == Some('\'')).then(|| quoted(rest, '\''));
    }
    let is_word = before.is_some_and(|c| c.is_alphanumeric() && c != 'b' || c == '_');
    let hashes = rest.strip_prefix('r')?.chars().take_while(|&c| c == '#').count();
    if is_word || !rest[1 + hashes..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = 2 + hashes;
    Some(rest[body..].find(&close).map_or(whole, |at| body + at + close.len()))
}

/// Length of the comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length of the literal up to the closing `quote`.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return at + c.len_utf8();
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let check = |text: &str, want: &str| assert_eq!(blank(text), want, "{text}");
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        check(r#"x("a\"b", 'c', '\'', '"')"#, "x(      ,    ,     ,    )");
        check("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)");
        check("r#\"a\"b\"# + br\"c\" + for\"d\"", "         + b     + for   ");
    }

    #[test]
    fn functions_are_measured_without_comments_and_blank_lines() {
        let text = "fn a(x: [u8; 3]) -> [u8; 3] {\n\n    // why\n    x\n}\n\
                    trait T {\n    fn b();\n}\ntype P = fn(u8);\nfn c() {}\n";
        let found = Source::new("src/x.rs", text).functions();
        let function = |name: &str, line, length| Function { name: name.into(), line, length };
        assert_eq!(found, [function("a", 1, 3), function("c", 10, 1)]);
    }

    #[test]
    fn unit_tests_are_left_out() {
        let text = "a\n#[cfg(test)]\nmod golden;\nb\n#[cfg(test)]\nmod tests {\n}\n";
        let source = Source::new("src/x.rs", text);
        assert_eq!(source.code_without_tests(), "a\n#[cfg(test)]\nmod golden;\nb\n");
    }
}
