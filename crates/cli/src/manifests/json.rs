use std::io::Read;

use serde::de::DeserializeSeed;
use serde_json::Deserializer;

use super::document::Document;
use super::error::Position;
use super::intake::{FileIntake, Intake};
use super::text::Text;

/// Reads JSON: one value after another, as `kubectl get -o json` and `jq` write them. What follows a syntax error cannot
/// be told apart, so that the file ends there.
pub(super) fn read<R: Read>(file: &str, text: Text<R>, intake: &mut Intake) {
    let mut deserializer = Deserializer::from_reader(text.reader);
    let mut document = 0;
    // `end` consumes blanks only, and fails where another value begins.
    while deserializer.end().is_err() {
        document += 1;
        let position = Position { document, line: None, item: None };
        let mut taker = FileIntake { file, intake: &mut *intake };
        let result = Document { position, taker: &mut taker }.deserialize(&mut deserializer);
        if let Err(error) = result {
            let message = if error.is_io() { format!("cannot read: {error}") } else { format!("not JSON: {error}") };
            intake.errors.add(file, Some(position), message);
            return;
        }
    }
}
