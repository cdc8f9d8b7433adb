public import Observability

/// Every metric of the registry, whichever target counts it. The reference is tested against this list, and so is the code.
public enum MetricCatalogue {
    public static let all: [MetricDescription] =
        requests + fills + cluster + uploads + upstreams + store + access + janitor + process
        + ProcessMetrics.descriptions

    private static let requests = [
        MetricDescription(
            "entrepot_requests_total", .counter, labels: ["action", "status", "cache"],
            "Requests by action, class of status, and how the answer was come by: hit, miss, stale or none"),
        MetricDescription(
            "entrepot_request_seconds", .seconds, labels: ["action"],
            "From a request's complete head to the last byte of its answer"),
        MetricDescription(
            "entrepot_request_first_byte_seconds", .seconds, labels: ["action"],
            "From a request's complete head to the first byte of its answer"),
        MetricDescription(
            "entrepot_response_bytes_total", .counter, labels: ["action", "source"],
            "Bytes of bodies that were sent, by where they came from: cache, fill, upstream (passed on, not kept) or none"
        ),
        MetricDescription(
            "entrepot_namespace_requests_total", .counter, labels: ["namespace", "cache"],
            "Requests by configured namespace and cache outcome"),
        MetricDescription(
            "entrepot_requests_cut_total", .counter, labels: ["by"],
            "Answers that did not reach their end, by who was at fault: client or server"),
        MetricDescription(
            "entrepot_limited_requests_total", .counter, labels: ["by", "what"],
            "Requests that were refused since their address or identity asked for more requests or bytes than it may"),
        MetricDescription(
            "entrepot_pull_times_forgotten_total", .counter,
            "Pulls whose time was not recorded, as too many were pending"),
    ]

    private static let fills = [
        MetricDescription("entrepot_fills_in_flight", .gauge, "Downloads of blobs under way"),
        MetricDescription(
            "entrepot_hot_reads_total", .counter, labels: ["outcome"],
            "Large blobs read where a local folder lies in front of the bucket: hit, filled, followed, or past it"),
        MetricDescription("entrepot_hot_bytes", .gauge, "Bytes in the local folder in front of the bucket"),
        MetricDescription(
            "entrepot_hot_evictions_total", .counter, "Blobs that left that folder to make room"),
        MetricDescription("entrepot_hot_dropped_total", .counter, "Files in that folder that were found damaged"),
        MetricDescription("entrepot_fills_total", .counter, labels: ["outcome"], "Downloads of blobs that ended"),
        MetricDescription(
            "entrepot_fill_seconds", .seconds, labels: ["outcome"], "How long downloads of blobs took"),
        MetricDescription(
            "entrepot_fill_failures_total", .counter, labels: ["cause"],
            "Downloads of blobs that came to nothing, by what went wrong at the upstream or here"),
        MetricDescription(
            "entrepot_fill_bytes_total", .counter, "Bytes of blobs that were fetched, verified and stored"),
        MetricDescription(
            "entrepot_fill_continuations_total", .counter, labels: ["upstream"],
            "Downloads that broke off and were continued, by the upstream that went on"),
        MetricDescription(
            "entrepot_completed_blobs_total", .counter, "Blobs fetched because a manifest that names them was pulled"),
        MetricDescription(
            "entrepot_far_ranges_total", .counter, "Ranges passed through since the download was far from them"),
        MetricDescription(
            "entrepot_stale_manifests_total", .counter, "Held manifests served since no upstream gave one"),
        MetricDescription(
            "entrepot_wrong_manifests_total", .counter, "Manifests of upstreams that were not what was asked for"),
    ]

    private static let cluster = [
        MetricDescription(
            "entrepot_coordination_up", .gauge, labels: ["store"],
            "1 while the Redis of locks or values answers, 0 while replicas go on without it"),
        MetricDescription(
            "entrepot_cluster_fill_turns_total", .counter, labels: ["part"],
            "What a replica did for a download: owner, follower, reader of the store, or alone"),
    ]

    private static let uploads = [
        MetricDescription(
            "entrepot_uploads_total", .counter, labels: ["event"],
            "Upload sessions that were begun, completed, refused (for their digest), cancelled, or expired"),
        MetricDescription(
            "entrepot_upload_bytes_total", .counter, "Bytes of blobs that clients sent and that were kept"),
    ]

    private static let store = [
        MetricDescription(
            "entrepot_store_operations_total", .counter, labels: ["operation", "outcome"],
            "Operations of the store, by how they ended: ok or what went wrong"),
        MetricDescription(
            "entrepot_store_operation_seconds", .seconds, labels: ["operation"], "How long operations of the store took"
        ),
        MetricDescription(
            "entrepot_store_free_bytes", .gauge, "Bytes that the file system of the store has left"),
        MetricDescription(
            "entrepot_bucket_requests_total", .counter, labels: ["operation", "outcome"], "Requests to the bucket"),
        MetricDescription(
            "entrepot_lock_wait_seconds", .seconds, labels: ["lock"],
            "How long writers waited for others who changed the same, where they had to"),
    ]

    private static let upstreams = [
        MetricDescription(
            "entrepot_upstream_requests_total", .counter, labels: ["upstream", "operation", "outcome"],
            "Questions to upstreams"),
        MetricDescription(
            "entrepot_upstream_request_seconds", .seconds, labels: ["upstream", "operation"],
            "From a question to an upstream to its answer, which of a blob is the head"),
        MetricDescription(
            "entrepot_upstream_bytes_total", .counter, labels: ["upstream"], "Bytes received from upstreams"),
        MetricDescription(
            "entrepot_upstream_token_fetches_total", .counter, labels: ["upstream", "outcome"],
            "Tokens asked of upstreams' token services"),
        MetricDescription(
            "entrepot_seeded_images_total", .counter, labels: ["outcome"],
            "Images of seed lists that are held, that could not be had, or whose names are none"),
        MetricDescription(
            "entrepot_spooled_files_total", .counter, labels: ["outcome"],
            "Files of spool folders, by what became of them: pushed, deleted or failed"),
        MetricDescription(
            "entrepot_upstream_breaker_open", .gauge, labels: ["upstream"], "1 while an upstream is left alone, else 0"),
        MetricDescription(
            "entrepot_upstream_rate_limit", .gauge, labels: ["upstream", "account"],
            "Requests that an upstream allows in its window, as it says"),
        MetricDescription(
            "entrepot_upstream_rate_remaining", .gauge, labels: ["upstream", "account"], "What is left of them"),
        MetricDescription(
            "entrepot_upstream_rate_blocked_until_seconds", .gauge, labels: ["upstream", "account"],
            "Until when an upstream that answered 429 is not asked, in seconds since 1970"),
        MetricDescription(
            "entrepot_upstream_requests_in_flight", .gauge, labels: ["upstream", "account"], "Questions under way"),
        MetricDescription(
            "entrepot_upstream_requests_waiting", .gauge, labels: ["upstream", "account"],
            "Questions that wait for others to end, as configured"),
        MetricDescription(
            "entrepot_upstream_requests_capped_total", .counter, labels: ["upstream", "account"],
            "Questions that were refused since they would have waited too long"),
    ]

    private static let access = [
        MetricDescription(
            "entrepot_policy_decisions_total", .counter, labels: ["operation", "decision"],
            "Requests that access policies allowed or denied"),
        MetricDescription(
            "entrepot_password_checks_total", .counter, labels: ["result"], "Passwords that were looked at"),
        MetricDescription(
            "entrepot_token_requests_total", .counter, labels: ["form", "outcome"], "Requests for tokens"),
    ]

    private static let janitor = [
        MetricDescription(
            "entrepot_cache_bytes", .gauge, "Bytes that came from upstreams, when they were last counted"),
        MetricDescription("entrepot_evicted_manifests_total", .counter, "Manifests that were evicted"),
        MetricDescription("entrepot_evicted_contents_total", .counter, "Blobs and manifests' bytes that were evicted"),
        MetricDescription("entrepot_evicted_bytes_total", .counter, "Bytes that eviction freed"),
        MetricDescription(
            "entrepot_collected_contents_total", .counter,
            "Blobs and manifests' bytes that were removed since nothing referred to them"),
        MetricDescription("entrepot_collected_bytes_total", .counter, "Bytes that collection freed"),
        MetricDescription("entrepot_retired_tags_total", .counter, "Tags that no retention rule kept"),
        MetricDescription("entrepot_scrub_findings", .gauge, "What the last scrub found"),
        MetricDescription(
            "entrepot_janitor_runs_total", .counter, labels: ["task", "outcome"], "Rounds of the janitor's jobs"),
        MetricDescription(
            "entrepot_janitor_last_success_timestamp_seconds", .gauge, labels: ["task"],
            "When a job was last done, in seconds since 1970"),
    ]

    private static let process = [
        MetricDescription("entrepot_build_info", .gauge, labels: ["version"], "Always 1"),
        MetricDescription(
            "entrepot_events_total", .counter, labels: ["endpoint", "outcome"],
            "Events for endpoints: delivered, refused, dropped, and tries that were put off"),
        MetricDescription(
            "entrepot_trace_spans_total", .counter, labels: ["outcome"],
            "Spans that were exported, that the collector did not take, or that were dropped since too many waited"),
        MetricDescription(
            "entrepot_log_lines_dropped_total", .counter,
            "Lines of the log and of the audit that were not written, since too many waited or there was no room"
        ),
        MetricDescription(
            "entrepot_health_degraded", .gauge, labels: ["check"],
            "1 while a check of /readyz finds something wrong, else 0"),
        MetricDescription("entrepot_connections", .gauge, "Open connections of clients, idle ones included"),
        MetricDescription(
            "entrepot_connections_total", .counter, labels: ["outcome"],
            "Connections of clients: accepted, or refused since there were too many"),
        MetricDescription(
            "entrepot_event_loop_lag_seconds", .seconds, "How long work waited before an event loop got to it"),
        MetricDescription(
            "entrepot_certificate_expiry_timestamp_seconds", .gauge, labels: ["use", "owner"],
            "When the first certificate of a configured file ends, in seconds since 1970"),
        MetricDescription("entrepot_requests_in_flight", .gauge, "Requests being answered"),
        MetricDescription("entrepot_requests_waiting", .gauge, "Requests that wait for others to be answered"),
        MetricDescription("entrepot_config_reloads_total", .counter, "Configurations that were taken on while serving"),
        MetricDescription(
            "entrepot_config_reload_failures_total", .counter, "Configurations that were refused while serving"),
        MetricDescription(
            "entrepot_config_last_reload_success_timestamp_seconds", .gauge,
            "When a configuration was last taken on while serving, in seconds since 1970"),
        MetricDescription("entrepot_config_generation", .gauge, "1 at the start, and one more with every reload"),
    ]
}
