//! Builds output for a terminal. All text is escaped; only the styles are not.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::again;
use crate::text::escape;
use crate::text::words::short_digests;

/// A piece of a line with its style.
pub(crate) type Piece = (Style, String);

/// The minimum width of the last column of a table. Where there is less room, it goes on lines of its own.
const NARROWEST: usize = 24;

/// The minimum width of a column whose texts are shortened.
const LEAST: usize = 12;

/// The indent of a last column on lines of its own.
const BELOW: usize = 6;

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
        let text = escape::shown(&short_digests(text)).into_owned();
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

    /// Adds a sentence and the commands that it leads to. They stand on a line of their own if they do not fit, so that
    /// they can be copied.
    pub(crate) fn suggest(&mut self, style: Style, head: &str, text: &str, commands: &[Piece]) -> &mut Self {
        let commands: Vec<(Style, Cow<'_, str>)> =
            commands.iter().map(|(style, text)| (*style, again::repeated(text))).collect();
        let text = &*again::repeated(text);
        let wide: usize = commands.iter().map(|(_, text)| escape::shown(text).width()).sum();
        let used = escape::shown(head).width() + escape::shown(text).width();
        self.prose(style, head, text);
        if used + 2 + wide < self.width {
            self.text.pop();
        }
        self.say("  ");
        for (style, text) in commands {
            self.paint(style, &text);
        }
        self.end()
    }

    /// Adds rows with aligned columns. The last column is wrapped at the width; it goes below the others if there is no room
    /// beside them. Texts in columns that are too wide are shortened.
    pub(crate) fn table(&mut self, aligns: &[Align], rows: &[Vec<Piece>]) -> &mut Self {
        let mut shown: Vec<Vec<Piece>> = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|(style, text)| (*style, escape::shown(&short_digests(text)).into_owned()))
                    .collect()
            })
            .collect();
        let mut widths = widths(&shown, aligns.len());
        let first = aligns.len().saturating_sub(1);
        let beside = |widths: &[usize]| widths.iter().take(first).map(|wide| wide + 2).sum::<usize>();
        let last = widths.last().copied().unwrap_or(0);
        let is_below = matches!(aligns.last(), Some(Align::Left))
            && last > NARROWEST
            && beside(&widths) + 2 + NARROWEST > self.width;
        if is_below && beside(&widths) > self.width {
            let over = beside(&widths) - self.width;
            shorten(&mut shown, aligns, &mut widths, over);
        }
        let room = self.width.saturating_sub(beside(&widths) + 2);
        // A word that is too long beside the others may fit below them.
        let overflows = |(_, text): &Piece| text.split(' ').any(|word| word.width() > room.max(NARROWEST));
        let has_words = matches!(aligns.last(), Some(Align::Left));
        for row in &mut shown {
            let is_whole = row.len() == aligns.len();
            let goes_below = is_below || (has_words && row.last().is_some_and(overflows));
            let below = if is_whole && goes_below { row.pop() } else { None };
            self.row(aligns, &widths, row);
            if let Some((style, text)) = below.filter(|(_, text)| !text.is_empty()) {
                self.say(&" ".repeat(BELOW)).hang(style, &text, BELOW).end();
            }
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

/// Returns the width of each column.
fn widths(rows: &[Vec<Piece>], columns: usize) -> Vec<usize> {
    let wide =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width()).max();
    (0..columns).map(|column| wide(column).unwrap_or(0)).collect()
}

/// Shortens the texts of the widest column with words, but for the last one, by up to `over`.
fn shorten(rows: &mut [Vec<Piece>], aligns: &[Align], widths: &mut [usize], over: usize) {
    let inner = aligns.len().saturating_sub(1);
    let words = (0..inner).filter(|at| matches!(aligns[*at], Align::Left));
    let Some(column) = words.max_by_key(|at| widths[*at]) else { return };
    let most = widths[column].saturating_sub(over).max(LEAST);
    for (_, text) in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
        *text = without_middle(text, most);
    }
    widths[column] = most;
}

/// Returns a text of at most `most` columns: both ends of one that is wider, with `…` between them.
fn without_middle(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let taken = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= room
        };
        chars.take_while(fits).collect::<Vec<char>>()
    };
    let start = taken(&mut text.chars(), room / 2);
    let end = taken(&mut text.chars().rev(), room - room / 2);
    start.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
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
    fn a_last_column_without_room_goes_below_the_others() {
        let cell = |text: &str| (Style::new(), text.to_owned());
        let mut screen = Screen::new(40);
        let long = "one two three four five six seven eight";
        let row = |first: &str, last: &str| vec![cell("1"), cell(first), cell(last)];
        screen.table(
            &[Align::Right, Align::Left, Align::Left],
            &[row("a-folder/with/a/long/name", long), row("b", "")],
        );
        assert_eq!(
            screen.finish(),
            "  1  a-folder/with/a/long/name\n      one two three four five six seven\n      eight\n  1  b\n"
        );
        let mut screen = Screen::new(30);
        screen.table(
            &[Align::Left, Align::Left],
            &[vec![cell("a-folder/with/a/long/name/Dockerfile"), cell(long)]],
        );
        assert_eq!(
            screen.finish(),
            "  a-folder/with…ame/Dockerfile\n      one two three four five\n      six seven eight\n"
        );
    }

    #[test]
    fn a_command_stands_on_a_line_of_its_own_if_it_does_not_fit() {
        let command = [(Style::new(), "do --it".to_owned())];
        let mut screen = Screen::new(20);
        screen.suggest(Style::new(), "Next:", "go", &command);
        screen.suggest(Style::new(), "", "one two three four", &command);
        assert_eq!(screen.finish(), "Next: go  do --it\none two three four\n  do --it\n");
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
