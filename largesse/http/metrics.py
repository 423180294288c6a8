"""Prometheus metrics of this process."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from largesse.actions.publishing import Statistics

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class _PublisherCollector(Collector):
    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        outcomes = CounterMetricFamily(
            "largesse_publish_outcomes", "What the publish statement said; retry_… are asked again", labels=("outcome",)
        )
        for outcome, count in sorted(self._statistics.outcomes.items()):
            outcomes.add_metric((outcome,), count)
        yield outcomes
        yield CounterMetricFamily("largesse_publish_requests", "Requests to publish", self._statistics.requests)
        yield CounterMetricFamily("largesse_publish_batches", "Statements sent", self._statistics.batches)
        yield CounterMetricFamily(
            "largesse_publish_statements_failed", "Statements rolled back", self._statistics.statements_failed
        )


class Metrics:
    """A registry of its own, so that several apps in one process don't share counters."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "largesse_http_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "largesse_http_request_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._observed: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.in_flight = Gauge("largesse_http_requests_in_flight", "Requests being answered", registry=self.registry)

    def watch_publisher(self, statistics: Statistics) -> None:
        """Show what the publisher of this process counts."""
        self.registry.register(_PublisherCollector(statistics))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the path's template, or "" where none matched: never what a caller made up."""
        key = (method, route, status)
        if (observed := self._observed.get(key)) is None:  # as many as are shown
            observed = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._observed[key] = observed
        requests, durations = observed
        requests.inc()
        durations.observe(seconds)

    def render(self) -> bytes:
        return generate_latest(self.registry)
