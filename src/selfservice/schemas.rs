//! Identity schemas, for anybody.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::reply;
use crate::flows::{Problem, links};
use crate::identity::schema::Schemas;
use crate::web::Query;

const PAGE_SIZE: usize = 250;
const PAGE_LIMIT: usize = 1000;

/// A page of all schemas.
pub(super) fn list(schemas: &Schemas, query: &Query) -> Response {
    let number = |name: &str| query.find(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("page_size")
        .or_else(|| number("per_page"))
        .unwrap_or(PAGE_SIZE);
    let size = size.clamp(1, PAGE_LIMIT);
    let page = number("page")
        .or_else(|| number("page_token"))
        .unwrap_or(1)
        .max(1);
    let shown: Vec<Value> = schemas
        .iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(|schema| json!({"id": schema.id(), "schema": schema.document()}))
        .collect();
    let total = schemas.iter().count();
    let mut response = reply::json(StatusCode::OK, &Value::Array(shown));
    reply::set(&mut response, "x-total-count", &total.to_string());
    let (page, size) = (u32::try_from(page), u32::try_from(size));
    if let (Ok(page), Ok(size), Ok(total)) = (page, size, u64::try_from(total)) {
        reply::set(&mut response, "link", &links("/schemas", page, size, total));
    }
    response
}

/// One schema, by its id or the encoded form of it.
pub(super) fn one(schemas: &Schemas, name: &str, request_id: Option<&str>) -> Response {
    match schemas.find_in_url(name) {
        Some(schema) => reply::json(StatusCode::OK, schema.document()),
        None => reply::problem(&Problem::not_found(), request_id),
    }
}
