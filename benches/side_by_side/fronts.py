"""Envoy, Traefik and Caddy in front of the application, asking somebody about each request."""

import configurations as cfg

HTTP_FILTERS = "type.googleapis.com/envoy.extensions.filters.http."
MANAGER = ("type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
           "HttpConnectionManager")
PROTOCOLS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
IDENTITY = "X-Kratos-Authenticated-Identity-Id"


def cluster(name: str, port: int, http2: bool) -> dict:
    place = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    many = {"max_connections": 8192, "max_pending_requests": 8192, "max_requests": 8192}
    out = {"name": name, "type": "STATIC", "connect_timeout": "2s",
           "circuit_breakers": {"thresholds": [many]},
           "load_assignment": {"cluster_name": name, "endpoints": [
               {"lb_endpoints": [{"endpoint": {"address": place}}]}]}}
    if http2:
        out["typed_extension_protocol_options"] = {PROTOCOLS: {
            "@type": "type.googleapis.com/" + PROTOCOLS,
            "explicit_http_config": {"http2_protocol_options": {"max_concurrent_streams": 1024}}}}
    return out


def envoy(port: int, grpc: bool) -> dict:
    """ext_authz over gRPC, or over HTTP to the identity service itself."""
    exactly = lambda name: {"patterns": [{"exact": name, "ignore_case": True}]}
    question = {"grpc_service": {"envoy_grpc": {"cluster_name": "decisions"}, "timeout": "3s"}}
    if not grpc:
        question = {"allowed_headers": exactly("cookie"), "http_service": {
            "server_uri": {"uri": "http://127.0.0.1:%d" % port, "cluster": "decisions",
                           "timeout": "3s"},
            "path_override": "/sessions/whoami",
            "authorization_response": {"allowed_upstream_headers": exactly(IDENTITY)}}}
    filters = [
        {"name": "ask", "typed_config": question | {
            "@type": HTTP_FILTERS + "ext_authz.v3.ExtAuthz", "transport_api_version": "V3",
            "failure_mode_allow": False, "status_on_error": {"code": "ServiceUnavailable"}}},
        {"name": "route", "typed_config": {
            "@type": HTTP_FILTERS + "router.v3.Router", "dynamic_stats": False}}]
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "app"}}]
    manager = {"@type": MANAGER, "stat_prefix": "front", "generate_request_id": False,
               "route_config": {"virtual_hosts": [
                   {"name": "all", "domains": ["*"], "routes": routes}]},
               "http_filters": filters}
    place = {"socket_address": {"address": "127.0.0.1", "port_value": cfg.FRONT}}
    return {"static_resources": {
        "listeners": [{"name": "front", "address": place, "filter_chains": [
            {"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [cluster("app", cfg.UPSTREAM, False),
                     cluster("decisions", port, grpc)]}}


def traefik(file: str, address: str, hand_on: dict) -> dict:
    """Start-up and routes in one file, which Traefik reads twice."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "ERROR"},
        "entryPoints": {"web": {"address": "127.0.0.1:%d" % cfg.FRONT,
                                "http": {"aliasHeadersStrategy": "delete"}}},
        "serversTransport": {"maxIdleConnsPerHost": 512},
        "providers": {"file": {"filename": file, "watch": False}},
        "http": {
            "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "app",
                                "middlewares": ["ask"]}},
            "middlewares": {"ask": {"forwardAuth": hand_on | {
                "address": address, "trustForwardHeader": False,
                "maxResponseBodySize": 65536}}},
            "services": {"app": {"loadBalancer": {
                "servers": [{"url": "http://127.0.0.1:%d" % cfg.UPSTREAM}]}}}}}


TRAEFIK_STEPGATE = {"preserveLocationHeader": True, "authResponseHeadersRegex":
                    "(?i)^(x-user-.*|x-session-.*|x-authenticated-.*|remote-.*|cookie|"
                    "authorization)$"}
TRAEFIK_WHOAMI = {"authRequestHeaders": ["Cookie"], "authResponseHeaders": [IDENTITY]}
CADDY_STEPGATE = ("/check?", "Cookie Authorization X-Session-Token X-User-Id X-User-Email "
                  "X-Session-Id X-Session-Aal X-Session-Methods X-Authenticated-At")
CADDY_WHOAMI = ("/sessions/whoami?", IDENTITY + ">X-User-Id")

CADDY = """
{
	admin off
	auto_https off
	persist_config off
	log {
		level ERROR
	}
}
http://:%(front)d {
	bind 127.0.0.1
	forward_auth 127.0.0.1:%(port)d {
		uri %(uri)s
		copy_headers %(headers)s
		transport http {
			keepalive_idle_conns_per_host 512
			compression off
		}
	}
	reverse_proxy 127.0.0.1:%(app)d {
		transport http {
			keepalive_idle_conns_per_host 512
			compression off
		}
	}
}
"""


def caddy(port: int, uri: str, headers: str) -> str:
    return CADDY % {"front": cfg.FRONT, "port": port, "uri": uri, "headers": headers,
                    "app": cfg.UPSTREAM}
