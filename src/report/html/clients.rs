//! Failures by client, and the clients that misbehave all the time.

use maud::{Markup, html};

use super::words::{client, distinct, links, moment, name, prose};
use crate::report::model::Report;
use crate::report::terminal::figure::{count, few, number};

/// Returns the clients that misbehave all the time.
pub(super) fn chronic(report: &Report) -> Markup {
    html! {
        @if !report.chronic.is_empty() {
            section aria-labelledby="chronic" {
                h2 #chronic { "Chronic" }
                p { "These clients misbehave all the time; that is no incident, but it costs, and it hides incidents." }
                ul.chronic {
                    @for habit in &report.chronic {
                        li data-filterable {
                            strong { (client(habit.client.as_ref())) } " " (prose(&habit.what)) ", " (few(habit.per_hour)) " an hour. "
                            (prose(&habit.advice))
                        }
                    }
                }
            }
        }
    }
}

/// Returns the table of clients.
pub(super) fn clients(report: &Report) -> Markup {
    let realms = report.clients.iter().any(|c| c.realm != report.clients[0].realm);
    let rates = report.clients.iter().any(|c| c.failure_percent.is_some());
    html! {
        @if !report.clients.is_empty() {
            section aria-labelledby="clients" {
                h2 #clients { "Clients" }
                p #filter-row hidden { label for="filter" { "Show only what names " } input #filter type="search" autocomplete="off"; " " span #filtered role="status" {} }
                div.wide-table role="region" aria-label="Failures by client" tabindex="0" {
                    table {
                        caption { "Failures by client, most first" }
                        thead { tr {
                            th scope="col" { "Client" }
                            @if realms { th scope="col" { "Realm" } }
                            th.n scope="col" { "Failures" }
                            @if rates { th.n scope="col" { "Of its requests" } }
                            th scope="col" { "Causes" } th.n scope="col" { "Addresses" } th.n scope="col" { "Users" }
                            th scope="col" { "First" } th scope="col" { "Last" } th scope="col" { "Incidents" }
                        } }
                        tbody { @for row in &report.clients { tr data-filterable {
                            th scope="row" { (client(row.client.as_ref())) }
                            @if realms { td { @if let Some(realm) = &row.realm { (name(realm)) } @else { "–" } } }
                            td.n { (number(row.count)) }
                            @if rates { td.n { @if let Some(percent) = row.failure_percent { (percent) " %" } @else { "–" } } }
                            td { @for (at, cause) in row.causes.iter().enumerate() { @if at > 0 { ", " } (cause.title) " " (number(cause.count)) } }
                            td.n { (distinct(row.addresses)) }
                            td.n { (distinct(row.users)) }
                            td { (moment(report, row.first)) }
                            td { (moment(report, row.last)) }
                            td { (links(&row.incidents)) }
                        } } }
                    }
                }
                p.note { "≈ marks estimates of distinct values, about 13 % off." }
                @if report.clients_left_out > 0 { p { (count(report.clients_left_out, "more client")) " with fewer failures." } }
            }
        }
    }
}
