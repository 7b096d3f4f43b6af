//! The forms of output, each against the schema or the limits of what reads it.
