//! What the address of the on-sale asks for, and what a form without JavaScript left in it.

use crate::error::AppError;
use crate::functions::Whole;
use crate::island::{THINK_MS_MAX, setup::Notice};
use crate::visitor::is_guest;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_router::params::ParamsMap;
use onsale::{Backend, BuyerName, FloorId, SeatId, Ticket};
use std::str::FromStr;

/// The address, read. Whatever is not one of our own words counts as absent.
#[derive(Debug)]
pub struct Asked {
    /// Which database.
    pub backend: Option<Backend>,
    /// Whose floor.
    pub floor: Option<FloorId>,
    /// Which chair.
    pub seat: Option<SeatId>,
    /// How many buyers.
    pub buyers: Option<u32>,
    /// How long they think.
    pub think_ms: Option<u32>,
    /// A ticket that was just bought, if the ledger says so too.
    pub ticket: Option<Ticket>,
    /// Who bought it, if the browser keeps no cookie that says so.
    pub guest: Option<BuyerName>,
    /// A burst waits for a yes.
    pub ask: bool,
    /// What went wrong with the form that led here.
    pub error: Option<FormError>,
}

/// A form's error.
#[derive(Debug)]
pub struct FormError {
    /// It was a purchase; otherwise a burst or a reset.
    pub at_map: bool,
    /// What went wrong. Its texts come from the address: only the variant may be shown.
    pub error: AppError,
}

impl Asked {
    /// Reads the address.
    pub fn from_query(query: &ParamsMap) -> Self {
        fn read<T: FromStr>(query: &ParamsMap, name: &str) -> Option<T> {
            query.get_str(name)?.parse().ok()
        }
        let error = query.get_str("__err").map(|error| FormError {
            at_map: query.get_str("__path").is_some_and(|path| path.starts_with("/do/buy")),
            error: ServerFnUrlError::<AppError>::decode_err(error),
        });
        Self {
            backend: read(query, "backend"),
            floor: read(query, "floor"),
            seat: read(query, "seat"),
            buyers: read(query, "buyers").map(|Whole(buyers)| buyers),
            think_ms: read(query, "think").map(|Whole(ms)| ms),
            ticket: read(query, "ticket"),
            guest: read(query, "guest").filter(is_guest),
            ask: query.get_str("ask") == Some("1"),
            error,
        }
    }
}

impl FormError {
    /// In words of our own, whatever text the address carries.
    pub fn words(&self, database: &str, seats: &str, buyers_max: u32) -> Notice {
        Notice::trouble(match &self.error {
            AppError::Taken { seat } => AppError::Taken { seat: *seat }.to_string(),
            AppError::Foreign => AppError::Foreign.to_string(),
            AppError::Unknown { seat, .. } => {
                AppError::Unknown { database: database.to_owned(), seat: *seat }.to_string()
            }
            AppError::MayBeDone { .. } => AppError::MayBeDone { database: database.to_owned() }.to_string(),
            AppError::NotReadBack { .. } => AppError::NotReadBack { database: database.to_owned() }.to_string(),
            AppError::Unavailable { .. } => AppError::Unavailable { database: database.to_owned() }.to_string(),
            AppError::Overloaded { .. } => AppError::Overloaded { database: database.to_owned() }.to_string(),
            AppError::Refused(_) => format!("{database} refused it; the server's log has its words."),
            AppError::Busy { wait_s, .. } => {
                AppError::Busy { seat: "The seat".to_owned(), wait_s: (*wait_s).min(3600) }.to_string()
            }
            AppError::Invalid(_) | AppError::NotFound(_) | AppError::Unfinished { .. } => format!(
                "The form was not understood. Seats go from {seats}, buyers from 2 to {buyers_max}, think time from 0 to {THINK_MS_MAX} ms."
            ),
            AppError::Transport(_) | AppError::NoVerdict(_) => {
                "The server could not do it. Look at the map before you try again.".to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leptos::prelude::FromServerFnError;

    fn asked(pairs: &[(&'static str, String)]) -> Asked {
        Asked::from_query(&pairs.iter().map(|(name, value)| (*name, value.clone())).collect())
    }

    #[test]
    fn words_that_are_not_ours_count_as_absent() {
        let asked = asked(&[("backend", "mysql".into()), ("seat", "<b>".into()), ("ask", "2".into())]);
        assert!(asked.backend.is_none() && asked.seat.is_none() && !asked.ask && asked.error.is_none());
    }

    #[test]
    fn no_text_of_the_address_is_repeated() {
        let errors = [
            AppError::Invalid("evil".into()),
            AppError::NotFound("evil".into()),
            AppError::Transport("evil".into()),
            AppError::Unavailable { database: "evil".into() },
            AppError::Busy { seat: "evil".into(), wait_s: 9 },
        ];
        for error in errors {
            let address = ServerFnUrlError::new("/do/buy", error).to_url("http://x/").unwrap();
            let pairs: Vec<_> = address.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
            let asked = Asked::from_query(&pairs.into_iter().collect());
            let error = asked.error.unwrap();
            assert!(error.at_map);
            let Notice { text, .. } = error.words("PostgreSQL", "A1 to H12", 2000);
            assert!(!text.contains("evil"), "{text}");
        }
        assert!(AppError::Foreign.ser().len() > 1);
    }
}
