//! Files as they arrive: waiting, repeated, old, refused, cut, corrected, first of their kind (rules D01 to D18, A14).

mod arrival;
mod baselines;
mod corrections;
mod feeds_by_name;
mod refused;
mod when_absence_counts;
