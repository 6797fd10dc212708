//! Texts of a form of their own, as the document names them. They stand for what handlers read as a text.

use events::Permission;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

/// The name of a role, as it is written in a request.
#[derive(Debug)]
pub struct RoleText;

impl PartialSchema for RoleText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z][a-z0-9._-]{0,63}$"));
        text.description(Some("The name of a role.")).build().into()
    }
}

impl ToSchema for RoleText {
    fn name() -> std::borrow::Cow<'static, str> {
        "RoleName".into()
    }
}

/// The name of a legal hold, as it is written in a request.
#[derive(Debug)]
pub struct HoldText;

impl PartialSchema for HoldText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z][a-z0-9._-]{0,63}$"));
        text.description(Some("The name of a legal hold.")).build().into()
    }
}

impl ToSchema for HoldText {
    fn name() -> std::borrow::Cow<'static, str> {
        "HoldName".into()
    }
}

/// A permission, as it is written in a request.
#[derive(Debug)]
pub struct PermissionText;

impl PartialSchema for PermissionText {
    fn schema() -> RefOr<Schema> {
        let known = Permission::ALL.iter().map(|permission| permission.as_str());
        let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(known));
        text.description(Some("What somebody may do.")).build().into()
    }
}

impl ToSchema for PermissionText {
    fn name() -> std::borrow::Cow<'static, str> {
        "Permission".into()
    }
}
