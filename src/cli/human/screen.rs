//! Builds output for a terminal. All text is escaped; only the styles are not.

use std::fmt::Write;

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::text::escape;

/// A piece of a line with its style.
pub(crate) type Piece = (Style, String);

/// The minimum width of the last column of a table, even if it exceeds the screen.
const NARROWEST: usize = 24;

/// Text for a terminal. It never contains unescaped text from a repository.
pub(crate) struct Screen {
    text: String,
    width: usize,
}

/// The alignment of a table column.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

impl Screen {
    /// Creates an empty screen; prose is wrapped at `width`.
    pub(crate) fn new(width: usize) -> Self {
        Self { text: String::new(), width }
    }

    /// Returns the width.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Adds text without a style.
    pub(crate) fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&escape::shown(text));
        self
    }

    /// Adds text in a style.
    pub(crate) fn paint(&mut self, style: Style, text: &str) -> &mut Self {
        if style == Style::new() || text.is_empty() {
            return self.say(text);
        }
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{style}{}{style:#}", escape::shown(text));
        self
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) -> &mut Self {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
        self
    }

    /// Adds wrapped prose that starts with a styled word; further lines are indented by two spaces.
    pub(crate) fn prose(&mut self, style: Style, head: &str, text: &str) -> &mut Self {
        self.broken(style, head, text, "  ")
    }

    /// Adds wrapped prose.
    pub(crate) fn paragraph(&mut self, text: &str) -> &mut Self {
        self.broken(Style::new(), "", text, "")
    }

    fn broken(&mut self, style: Style, head: &str, text: &str, indent: &str) -> &mut Self {
        let head = escape::shown(head).into_owned();
        let text = escape::shown(text).into_owned();
        self.paint(style, &head);
        let mut column = head.width();
        let mut first = head.is_empty();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let long = word.width();
            if !first && column + 1 + long > self.width {
                self.end().say(indent);
                column = indent.len();
            } else if !first {
                self.say(" ");
                column += 1;
            }
            first = false;
            self.say(word);
            column += long;
        }
        self.end()
    }

    /// Adds rows with aligned columns. The last column is wrapped at the width.
    pub(crate) fn table(&mut self, aligns: &[Align], rows: &[Vec<Piece>]) -> &mut Self {
        let shown: Vec<Vec<Piece>> = rows
            .iter()
            .map(|row| row.iter().map(|(style, text)| (*style, escape::shown(text).into_owned())).collect())
            .collect();
        let wide = |column: usize| {
            shown.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width()).max()
        };
        let widths: Vec<usize> = (0..aligns.len()).map(|column| wide(column).unwrap_or(0)).collect();
        for row in &shown {
            self.row(aligns, &widths, row);
        }
        self
    }

    fn row(&mut self, aligns: &[Align], widths: &[usize], row: &[Piece]) {
        let mut column = 0;
        for (at, ((style, text), align)) in row.iter().zip(aligns).enumerate() {
            let room = " ".repeat(widths[at].saturating_sub(text.width()));
            self.say("  ");
            column += 2;
            let last = at + 1 == row.len();
            match align {
                Align::Right => self.say(&room).paint(*style, text),
                Align::Left if last => self.hang(*style, text, column),
                Align::Left => self.paint(*style, text).say(&room),
            };
            column += widths[at];
        }
        self.end();
    }

    /// Adds wrapped text whose further lines start at `column`.
    fn hang(&mut self, style: Style, text: &str, column: usize) -> &mut Self {
        let most = self.width.saturating_sub(column).max(NARROWEST);
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > most {
                self.paint(style, &line).end().say(&" ".repeat(column));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.paint(style, &line)
    }

    /// Returns the whole text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::human::style;

    #[test]
    fn prose_is_broken_between_words() {
        let mut screen = Screen::new(20);
        screen.prose(Style::new(), "Note:", "one two three four five six");
        assert_eq!(screen.finish(), "Note: one two three\n  four five six\n");
        let mut screen = Screen::new(20);
        screen.paragraph("one two three four five six");
        assert_eq!(screen.finish(), "one two three four\nfive six\n");
    }

    #[test]
    fn columns_stand_under_each_other() {
        let cell = |text: &str| (Style::new(), text.to_owned());
        let mut screen = Screen::new(80);
        screen.table(
            &[Align::Right, Align::Left, Align::Left],
            &[vec![cell("1"), cell("one"), cell("x")], vec![cell("1,204"), cell("many"), cell("")]],
        );
        assert_eq!(screen.finish(), "      1  one   x\n  1,204  many\n");
    }

    #[test]
    fn the_last_column_goes_on_below_its_beginning() {
        let cell = |text: &str| (Style::new(), text.to_owned());
        let mut screen = Screen::new(30);
        let row = vec![cell("a"), cell("one two three four five six")];
        screen.table(&[Align::Left, Align::Left], &[row]);
        assert_eq!(screen.finish(), "  a  one two three four five\n     six\n");
    }

    #[test]
    fn wide_characters_take_two_columns_and_combining_ones_none() {
        let cell = |text: &str| (Style::new(), text.to_owned());
        let mut screen = Screen::new(80);
        screen.table(
            &[Align::Left, Align::Left],
            &[
                vec![cell("構築"), cell("x")],
                vec![cell("e\u{301}"), cell("y")],
                vec![cell("abcd"), cell("z")],
            ],
        );
        assert_eq!(screen.finish(), "  構築  x\n  e\u{301}     y\n  abcd  z\n");
        let mut screen = Screen::new(10);
        screen.paragraph("構築 構築 ab");
        assert_eq!(screen.finish(), "構築 構築\nab\n");
    }

    #[test]
    fn only_styles_are_raw() {
        let mut screen = Screen::new(80);
        screen.paint(style::STRONG, "a\u{1b}]0;b").end();
        assert_eq!(screen.finish(), "\u{1b}[1ma\\x1b]0;b\u{1b}[0m\n");
    }
}
