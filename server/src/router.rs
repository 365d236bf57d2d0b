//! The routes: pages, server functions, the JSON API, static files.

use crate::{
    address::{self, Addresses},
    api, guard, request_log, site,
};
use app::{
    service::Service,
    shell::{App, shell},
};
use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, header},
    middleware,
    response::Redirect,
    routing::get,
};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use std::{net::SocketAddr, sync::Arc};
use tower_http::{
    compression::{CompressionLayer, Predicate, predicate::NotForContentType, predicate::SizeAbove},
    set_header::SetResponseHeaderLayer,
};

/// The longest body anybody may send; the longest honest one names 2,000 seats.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Every route of the server.
pub fn router(service: Arc<Service>, addr: SocketAddr, addresses: Addresses) -> Router {
    let options = LeptosOptions::builder().output_name("worldseat").site_pkg_dir("pkg").site_addr(addr).build();
    let context = {
        let service = Arc::clone(&service);
        move || provide_context(Arc::clone(&service))
    };
    let document = {
        let options = options.clone();
        move || shell(options.clone())
    };
    // What is no route is a file, or the page that says there is nothing.
    let nothing = leptos_axum::render_app_async_with_context(context.clone(), document.clone());
    let file_or_nothing = move |request: Request| {
        let file = site::file(request.uri().path(), request.headers());
        let nothing = nothing.clone();
        async move {
            match file {
                Some(file) => file,
                None => nothing(request).await,
            }
        }
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, document)
        .with_state(options);
    // The event stream must not be held back until it fills a compressor's window.
    let compressible = SizeAbove::new(512).and(NotForContentType::const_new("text/event-stream"));
    Router::new()
        .merge(pages)
        .route("/evidence", get(async || Redirect::permanent("/proof")))
        .merge(api::routes(service))
        .fallback(file_or_nothing)
        .layer(CompressionLayer::new().br(true).gzip(true).compress_when(compressible))
        .layer(middleware::from_fn(guard::true_status))
        .layer(middleware::from_fn(guard::readable_form))
        .layer(middleware::from_fn(guard::same_site))
        .layer(middleware::from_fn(guard::short))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(middleware::from_fn(address::find))
        .layer(Extension(Arc::new(addresses)))
        .layer(middleware::from_fn(request_log::log))
}

fn header(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
