//! New passwords, and how long they must be where the document is read.

use utoipa::openapi::{OpenApi, RefOr, Schema, SchemaFormat};

/// The `format` of a password that somebody chooses.
const FORMAT: &str = "new-password";

/// Says of each new password that it has at least so many code points.
pub fn describe_new_passwords(document: &mut OpenApi, least: usize) {
    let schemas = document.components.iter_mut().flat_map(|components| components.schemas.values_mut());
    for schema in schemas {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        for property in object.properties.values_mut() {
            let RefOr::T(Schema::Object(property)) = property else { continue };
            if matches!(&property.format, Some(SchemaFormat::Custom(format)) if format == FORMAT) {
                property.min_length = Some(least);
            }
        }
    }
}
