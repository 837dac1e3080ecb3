//! Colours and characters: the sixteen colours of the terminal's own theme, or none; blocks and arrows, or ASCII.

use anstyle::{AnsiColor, Color as Ansi, Effects};
use kctriage::cause::Cause;
use kctriage::report::tone::{Tone, of_cause};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// From few to many; none is a dot.
const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// So many failures fill a column, at least: a single one is no peak.
const FULL: u64 = 8;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// Whether colours are used; else weight and reversal only.
    pub colour: bool,
    /// The locale can show ASCII only.
    pub ascii: bool,
}

impl Look {
    /// Takes from a drawn screen what the terminal cannot show. Everything that is drawn passes here.
    pub fn fit(self, buffer: &mut Buffer) {
        for cell in &mut buffer.content {
            if !self.colour {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
                cell.modifier.remove(Modifier::DIM);
            }
            if self.ascii && !cell.symbol().is_ascii() {
                let shown = ascii(cell.symbol());
                cell.set_symbol(shown);
            }
        }
    }
}

/// Returns the environment's word on whether more than ASCII can be shown.
pub fn is_ascii(env: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env).find(|v| !v.is_empty()).unwrap_or_default().to_lowercase();
    !(locale.contains("utf-8") || locale.contains("utf8"))
}

/// Returns the style of a tone.
pub fn tone(tone: Tone) -> Style {
    of(tone.style())
}

/// Returns the style of a cause.
pub fn cause(cause: Cause) -> Style {
    of(of_cause(cause))
}

/// The style of what is selected.
pub const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);

fn of(style: anstyle::Style) -> Style {
    let mut shown = Style::new();
    if let Some(Ansi::Ansi(colour)) = style.get_fg_color() {
        shown = shown.fg(match colour {
            AnsiColor::Red => Color::Red,
            AnsiColor::Green => Color::Green,
            AnsiColor::Yellow => Color::Yellow,
            AnsiColor::Blue => Color::Blue,
            AnsiColor::Magenta => Color::Magenta,
            AnsiColor::Cyan => Color::Cyan,
            _ => Color::Reset,
        });
    }
    let effects = [(Effects::BOLD, Modifier::BOLD), (Effects::DIMMED, Modifier::DIM)];
    for (effect, modifier) in effects {
        if style.get_effects().contains(effect) {
            shown = shown.add_modifier(modifier);
        }
    }
    shown
}

/// Draws counts as blocks.
pub fn strip(counts: &[u64]) -> String {
    let peak = counts.iter().copied().max().unwrap_or(0).max(FULL);
    let block = |n: &u64| match n {
        0 => "·",
        n => BLOCKS[usize::try_from(u128::from(*n) * 8 / u128::from(peak)).unwrap_or(8).clamp(1, 8) - 1],
    };
    counts.iter().map(block).collect()
}

/// Draws a share of the longest bar, in eighths of a column.
pub fn bar(n: u64, most: u64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = usize::try_from(u128::from(n) * (columns as u128) * 8 / u128::from(most.max(1))).unwrap_or(0);
    // what there is at all is seen
    let eighths = if n > 0 { eighths.max(1) } else { 0 }.min(columns * 8);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// Returns what stands for a character where only ASCII can be shown.
#[allow(clippy::match_same_arms)] // a table, in the order of what it replaces
fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "…" => "~",
        "×" => "x",
        "↻" | "←" => "<",
        "–" | "─" => "-",
        "●" => "*",
        "·" => ".",
        "▲" | "↑" => "^",
        "▼" | "↓" => "v",
        "→" | "▸" => ">",
        "‖" => "|",
        "\u{202f}" => " ",
        "▁" => "_",
        "▂" => ".",
        "▃" => ":",
        "▄" => "-",
        "▅" => "=",
        "▆" => "+",
        "▇" => "*",
        "█" => "#",
        "▏" | "▎" | "▍" => "-",
        "▌" | "▋" | "▊" | "▉" => "=",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_says_what_can_be_shown() {
        let table: &[(&[(&str, &str)], bool)] = &[
            (&[("LANG", "en_US.UTF-8")], false),
            (&[("LANG", "C.utf8")], false),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], true),
            (&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.UTF-8")], false),
            (&[], true),
        ];
        for (env, want) in table {
            assert_eq!(is_ascii(|name| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())), *want, "{env:?}");
        }
    }

    #[test]
    fn blocks_and_bars_show_what_there_is() {
        assert_eq!(strip(&[0, 1, 4, 8]), "·▁▄█");
        assert_eq!(strip(&[1, 0, 100]), "▁·█");
        assert_eq!([bar(0, 10, 4), bar(1, 1000, 4), bar(5, 10, 4), bar(10, 10, 4), bar(0, 0, 4)], ["", "▏", "██", "████", ""]);
    }
}
