//! `docs/EXAMPLES.md` as a machine reads it: requests, each with its answer, under the headings of operations.

/// What stands under one heading `### METHOD /path`, or under none.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// `POST /auth/register`; empty where the text leads to the next heading.
    pub(super) operation: String,
    pub(super) examples: Vec<Example>,
}

/// One request and the answer that it should have.
#[derive(Debug)]
pub(super) struct Example {
    /// Where it begins.
    pub(super) line: usize,
    /// What the shell runs.
    pub(super) script: String,
    pub(super) answer: Answer,
}

/// An answer as `curl -i` prints it.
#[derive(Debug)]
pub(super) struct Answer {
    /// `HTTP/1.1 201 Created`
    pub(super) status: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn read(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.trim_end().split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default().trim().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    /// `201`
    pub(super) fn code(&self) -> &str {
        self.status.split(' ').nth(1).unwrap_or_default()
    }
}

impl Example {
    /// Whether it says itself under which key it is sent.
    pub(super) fn has_key(&self) -> bool {
        self.script.contains("Idempotency-Key")
    }

    /// What is asked, as `POST` and `/api/v1/auth/register`, with names for what differs.
    pub(super) fn asks(&self) -> (&str, &str) {
        let (_, url) = self.script.split_once("$EVIDENT").expect("a URL");
        let path = url.split(['"', '?', ' ', '\n']).next().unwrap_or_default();
        let method = self.script.split_once("-X ").and_then(|(_, rest)| rest.split(' ').next());
        let posts = ["--json", "-F "].iter().any(|sign| self.script.contains(sign));
        (method.unwrap_or(if posts { "POST" } else { "GET" }), path)
    }
}

pub(super) fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut asked: Option<(usize, String)> = None;
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let section = sections.last_mut().expect("one at least");
        if let Some(heading) = line.strip_prefix("### ") {
            assert!(asked.is_none(), "a request before line {number} has no answer");
            sections.push(Section { operation: heading.to_owned(), examples: Vec::new() });
        } else if line.starts_with("## ") {
            sections.push(Section::default());
        } else if line == "```sh" {
            let script = block(&mut lines);
            if script.contains("curl ") {
                assert!(asked.is_none(), "a request before line {number} has no answer");
                asked = Some((number + 1, script));
            }
        } else if line == "```http" {
            let (line, script) = asked.take().expect("an answer follows its request");
            section.examples.push(Example { line, script, answer: Answer::read(&block(&mut lines)) });
        }
    }
    sections
}

fn block<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> String {
    let inside = lines.map(|(_, line)| line).take_while(|line| *line != "```");
    inside.collect::<Vec<_>>().join("\n")
}
