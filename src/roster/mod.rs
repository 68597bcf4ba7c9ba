//! What we believe: people, their keys, their claims. Pure; nothing here touches the world.

pub mod claim;
pub mod ids;
pub mod person;

pub use claim::{Claim, Evidence, Gone, Kept, SeenAs};
pub use ids::{DeliveryId, FeedId, IdSource, PersonId, RunId, SeededIds, TimeIds};
pub use person::{Attribute, ClassState, Owner, Person, Pin, PresencePin, State};
