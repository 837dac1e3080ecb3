//! The page as one self-contained HTML file.
//!
//! Input: a [`Report`]. Output: HTML that needs no network and runs nothing but its own script, which its policy names by its hash; without scripts all of
//! it can still be read. Text goes through templates that escape; text of the log through [`super::escape`] before that. Must not look at outcomes.

mod clients;
mod head;
mod matter;
mod overview;
mod picture;
mod rest;
mod ticks;
mod timeline;
mod words;

use std::io;

use maud::{DOCTYPE, Markup, html};

use super::Paper;
use super::model::Report;

/// Writes the page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Html;

impl Paper for Html {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(page(report).into_string().as_bytes())
    }
}

fn page(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head::head(report))
            body {
                a.skip href="#main" { "Skip to the report" }
                (overview::header(report))
                (overview::contents(report))
                main #main tabindex="-1" {
                    (timeline::section(report))
                    (overview::causes(report))
                    (matter::incidents(report))
                    (matter::steady(report))
                    (clients::chronic(report))
                    (clients::clients(report))
                    (rest::comparison(report))
                    (rest::gaps(report))
                    (rest::suspects(report))
                    (rest::books(report))
                }
                (rest::footer(report))
                (head::script())
            }
        }
    }
}
