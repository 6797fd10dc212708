//! The vault: keys per person, the address directory, and what else must never lie in the log.
