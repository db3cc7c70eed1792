//! Tells people what is new, and writes down that they were told.
