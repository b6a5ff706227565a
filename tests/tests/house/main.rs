//! The house used as a stranger would use it: laws, facts and agreement with others, over samples and the corpus.

mod acknowledgments;
mod agreement;
mod built;
mod defects;
mod documents;
mod examples;
mod expected;
mod facts;
mod guides;
mod laws;
mod linuxforhealth;
mod made_up;
mod mutations;
mod named;

mod raw;
mod records;
mod rules;
mod samples;
mod schemas;
mod strict;
mod there_and_back;
mod tidy;
mod validators;
