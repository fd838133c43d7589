//! Tables: columns two spaces apart, a quiet heading, the last column cut where the terminal ends.

use super::paint::Mark;
use super::{Look, text};

/// On which side of its column a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A cell: its text, and how it went where that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    mark: Option<Mark>,
}

impl Cell {
    /// A cell in the colour of a mark.
    pub fn marked(mark: Mark, text: impl AsRef<str>) -> Self {
        Cell { text: text::one_line(text.as_ref()), mark: Some(mark) }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell { text: text::one_line(text.as_ref()), mark: None }
    }
}

/// Rows of cells under headings.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these headings.
    pub fn new(headings: impl Into<Vec<(&'static str, Align)>>) -> Self {
        Table { headings: headings.into(), rows: Vec::new() }
    }

    /// Adds a row, one cell for each heading.
    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    /// The lines, no wider than the screen where the last column can give way.
    pub fn lines(&self, look: &Look) -> Vec<String> {
        let paint = look.paint;
        let headings: Vec<String> = self.headings.iter().map(|(text, _)| look.say(text)).collect();
        let widths = self.widths(&headings, look.columns);
        let heading = headings
            .iter()
            .zip(&self.headings)
            .zip(&widths)
            .map(|((text, (_, align)), width)| place(text, *align, *width));
        let heading = paint.dim(heading.collect::<Vec<_>>().join("  ").trim_end());
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().zip(&self.headings).zip(&widths).map(|((cell, (_, align)), width)| {
                let placed = place(&cell.text, *align, *width);
                cell.mark.map_or(placed.clone(), |mark| mark.paint(paint, &placed))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        std::iter::once(heading).chain(rows).collect()
    }

    /// Each column is as wide as its widest cell; the last one gets what is left.
    fn widths(&self, headings: &[String], max: usize) -> Vec<usize> {
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| text::width(&cell.text)).max()
        };
        let mut widths: Vec<usize> = (0..)
            .zip(headings)
            .map(|(column, heading)| widest(column).unwrap_or(0).max(text::width(heading)))
            .collect();
        let gaps = 2 * widths.len().saturating_sub(1);
        let total: usize = widths.iter().sum::<usize>() + gaps;
        if let Some(last) = widths.last_mut() {
            let left = max.saturating_sub(total - *last);
            *last = (*last).min(left.max(LEAST));
        }
        widths
    }
}

/// The last column keeps at least so many columns, however narrow the terminal.
const LEAST: usize = 12;

fn place(text: &str, align: Align, width: usize) -> String {
    let text = text::cut(text, width);
    match align {
        Align::Left => text::pad(&text, width),
        Align::Right => text::pad_left(&text, width),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::Paint;

    fn table() -> Table {
        let mut table = Table::new([("NAME", Align::Left), ("JOBS", Align::Right), ("MESSAGE", Align::Left)]);
        table.row(["00dummy".into(), "12".into(), Cell::from("all is well")]);
        table.row(["é".into(), "3".into(), Cell::marked(Mark::Bad, "the directory server did not answer")]);
        table
    }

    #[test]
    fn columns_line_up_and_the_last_one_gives_way() {
        let lines = table().lines(&Look::plain(36));
        assert_eq!(
            lines,
            ["NAME     JOBS  MESSAGE", "00dummy    12  all is well", "é           3  the directory server…",]
        );
        assert!(lines.iter().all(|line| text::width(line) <= 36));
    }

    #[test]
    fn colours_do_not_move_columns() {
        let plain = table().lines(&Look::plain(80));
        let coloured = table().lines(&Look { paint: Paint::new(true), ..Look::plain(80) });
        assert_ne!(plain, coloured);
        let strip =
            |line: &String| line.replace("\x1b[31m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(plain, coloured.iter().map(strip).collect::<Vec<_>>());
    }
}
