//! One line of a page.

use super::{Format, Labels, Sample};

/// What a line says.
pub(super) enum Line {
    /// Nothing, or a comment (text only).
    Blank,
    /// `# HELP name text`, unescaped.
    Help(String, String),
    /// `# TYPE name type`.
    Type(String, String),
    /// `# UNIT name unit` (`OpenMetrics` only).
    Unit(String, String),
    /// A sample, and whether an exemplar follows it.
    Sample(Sample, bool),
    /// `# EOF` (`OpenMetrics` only).
    End,
}

/// Reads a line from left to right.
pub(super) struct Reader<'a> {
    rest: &'a str,
    format: Format,
}

impl<'a> Reader<'a> {
    pub(super) fn new(line: &'a str, format: Format) -> Self {
        Self { rest: line, format }
    }

    pub(super) fn line(mut self) -> Result<Line, String> {
        let strict = self.format == Format::OpenMetrics;
        if self.rest.is_empty() {
            return if strict { Err("empty line".to_owned()) } else { Ok(Line::Blank) };
        }
        if strict && self.rest == "# EOF" {
            return Ok(Line::End);
        }
        for keyword in ["HELP", "TYPE", "UNIT"] {
            if let Some(rest) = self.rest.strip_prefix("# ").and_then(|rest| rest.strip_prefix(keyword)?.strip_prefix(' ')) {
                self.rest = rest;
                return self.metadata(keyword);
            }
        }
        match self.rest.starts_with('#') {
            true if strict => Err(format!("not a line of OpenMetrics: {}", self.rest)),
            true => Ok(Line::Blank),
            false => self.sample(),
        }
    }

    fn metadata(mut self, keyword: &str) -> Result<Line, String> {
        let name = self.name(true)?;
        let text = self.rest.strip_prefix(' ').ok_or_else(|| format!("{keyword} of {name} is empty"))?;
        match (keyword, self.format) {
            ("HELP", _) => Ok(Line::Help(name, unescape(text)?)),
            ("TYPE", Format::Text) if ["counter", "gauge", "histogram", "summary", "untyped"].contains(&text) => {
                Ok(Line::Type(name, text.to_owned()))
            }
            ("TYPE", Format::OpenMetrics)
                if ["counter", "gauge", "histogram", "gaugehistogram", "stateset", "info", "summary", "unknown"].contains(&text) =>
            {
                Ok(Line::Type(name, text.to_owned()))
            }
            ("UNIT", Format::OpenMetrics) => Ok(Line::Unit(name, text.to_owned())),
            ("UNIT", Format::Text) => Ok(Line::Blank),
            _ => Err(format!("unknown type {text}")),
        }
    }

    fn sample(mut self) -> Result<Line, String> {
        let name = self.name(true)?;
        let labels = self.labels()?;
        let value = number(self.word()?)?;
        let mut exemplar = false;
        if !self.rest.is_empty() && !self.rest.starts_with(" # ") {
            let timestamp = self.word()?;
            let valid = if self.format == Format::Text { timestamp.parse::<i64>().is_ok() } else { timestamp.parse::<f64>().is_ok() };
            if !valid {
                return Err(format!("bad timestamp {timestamp}"));
            }
        }
        if self.format == Format::OpenMetrics
            && let Some(rest) = self.rest.strip_prefix(" # ")
        {
            exemplar = true;
            self.rest = rest;
            self.labels()?;
            number(self.word()?)?;
            if !self.rest.is_empty() {
                number(self.word()?)?;
            }
        }
        if self.rest.is_empty() { Ok(Line::Sample(Sample { name, labels, value }, exemplar)) } else { Err(format!("trailing {:?}", self.rest)) }
    }

    fn name(&mut self, colons: bool) -> Result<String, String> {
        let inside = |character: char| character.is_ascii_alphanumeric() || character == '_' || (colons && character == ':');
        let end = self.rest.find(|character| !inside(character)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|character: char| character.is_ascii_digit()) {
            return Err(format!("not a name: {:?}", self.rest));
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    /// A space and what follows it up to the next one.
    fn word(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.strip_prefix(' ').ok_or_else(|| format!("a space is missing before {:?}", self.rest))?;
        let (word, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        self.rest = rest;
        Ok(word)
    }

    fn labels(&mut self) -> Result<Labels, String> {
        let mut labels = Labels::new();
        let Some(rest) = self.rest.strip_prefix('{') else {
            return Ok(labels);
        };
        self.rest = rest;
        loop {
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Ok(labels);
            }
            let name = self.name(false)?;
            if name.starts_with("__") {
                return Err(format!("label {name} is reserved"));
            }
            self.rest = self.rest.strip_prefix("=\"").ok_or_else(|| format!("label {name} has no value"))?;
            let end = closing_quote(self.rest).ok_or_else(|| format!("label {name} has no end"))?;
            let value = unescape(&self.rest[..end])?;
            self.rest = &self.rest[end + 1..];
            if labels.insert(name.clone(), value).is_some() {
                return Err(format!("label {name} is there twice"));
            }
            match self.rest.strip_prefix(',') {
                // The text format allows a comma before the brace; nothing of ours writes one.
                Some(rest) if !rest.starts_with('}') => self.rest = rest,
                None if self.rest.starts_with('}') => {}
                _ => return Err(format!("neither comma nor brace after label {name}")),
            }
        }
    }
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match (character, characters.as_str().chars().next()) {
            ('\\', Some('\\')) => '\\',
            ('\\', Some('n')) => '\n',
            ('\\', Some('"')) => '"',
            ('\\', _) => return Err(format!("bad escape in {text:?}")),
            (other, _) => {
                plain.push(other);
                continue;
            }
        });
        characters.next();
    }
    Ok(plain)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, character)| match character {
        '"' if !escaped => Some(index),
        _ => {
            escaped = character == '\\' && !escaped;
            None
        }
    })
}

/// Go's and `OpenMetrics`' common ground; Rust alone would also take `inf` and `infinity`.
fn number(text: &str) -> Result<f64, String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text {
        "NaN" | "+Inf" | "-Inf" => {}
        _ if plain(text) => {}
        _ => return Err(format!("bad value {text:?}")),
    }
    text.parse().map_err(|_| format!("bad value {text:?}"))
}
