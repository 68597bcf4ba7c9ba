//! What a user of the Securly Pass file may expect, item by item: nothing that worked there may work less well here.

mod columns;
mod people_over_time;
mod seen_from_outside;
