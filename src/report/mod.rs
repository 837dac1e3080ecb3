//! Outcomes to text for people and programs.
