//! Charts that were made already: of many small documents, making them would take longer than all else.

use std::sync::{Arc, Mutex, PoisonError};

use x12_schemas::Catalog;
use x12_schemas::table::Guide;

use crate::chart::Chart;
use crate::snip::SnipTypes;

/// Charts that are kept: more than anybody's guides, unless one changes them all the time.
const KEPT: usize = 256;

/// What was made, for whoever goes by the same guides again.
#[derive(Default)]
pub(crate) struct Known(Mutex<Vec<Made>>);

/// A chart, and what it was made of.
struct Made {
    catalog: Arc<Catalog>,
    guide: Arc<Guide>,
    snip: SnipTypes,
    chart: Arc<Chart>,
}

/// The charts of the guides of a catalog.
#[derive(Clone)]
pub(crate) struct Charts {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) known: Arc<Known>,
}

impl Charts {
    /// That of the control segments.
    pub(crate) fn envelope(&self) -> Arc<Chart> {
        self.of(self.catalog.envelope(), SnipTypes::ALL)
    }

    /// That of a guide of the catalog, by which these types of check are made.
    pub(crate) fn of(&self, guide: Arc<Guide>, snip: SnipTypes) -> Arc<Chart> {
        // Nothing that may panic leaves them half changed.
        let mut known = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |made: &&Made| {
            // Both are held, so no other can have their addresses.
            Arc::ptr_eq(&made.guide, &guide)
                && Arc::ptr_eq(&made.catalog, &self.catalog)
                && made.snip == snip
        };
        if let Some(made) = known.iter().find(is_it) {
            return Arc::clone(&made.chart);
        }
        if known.len() >= KEPT {
            known.clear();
        }
        let chart = Arc::new(Chart::new(Arc::clone(&guide), &self.catalog, snip));
        known.push(Made {
            catalog: Arc::clone(&self.catalog),
            guide,
            snip,
            chart: Arc::clone(&chart),
        });
        chart
    }
}
