"""What is counted is what Prometheus reads."""

import pytest

from service.families import Labels
from service.metrics import Gauge, Info, Metrics, ModelGauge

BAGS = ("bags", "3")
TIMING_MS = {"decode": 3.0, "queue": 0.4, "inference": 80.0}


def test_a_prediction_is_in_the_histograms_of_its_model_and_version() -> None:
    metrics = Metrics()
    metrics.observe_prediction(BAGS, TIMING_MS, 8, 0.0861)
    metrics.observe_prediction(BAGS, TIMING_MS, 3, 0.0861)
    metrics.observe_prediction(("bags", "4"), TIMING_MS, 1, 0.0861)
    text = metrics.render().decode()
    bags = 'model="bags",version="3"'
    assert 'cutaway_decode_seconds_bucket{le="0.0025",model="bags",version="3"} 0.0' in text
    assert 'cutaway_decode_seconds_bucket{le="0.005",model="bags",version="3"} 2.0' in text
    assert 'cutaway_queue_seconds_bucket{le="0.001",model="bags",version="3"} 2.0' in text
    assert f"cutaway_inference_seconds_sum{{{bags}}} 0.16" in text
    assert f'cutaway_prediction_seconds_bucket{{le="+Inf",{bags}}} 2.0' in text
    assert f"cutaway_prediction_seconds_count{{{bags}}} 2.0" in text
    assert f'cutaway_batch_size_bucket{{le="4",{bags}}} 1.0' in text
    assert f"cutaway_batch_size_sum{{{bags}}} 11.0" in text


def test_a_request_without_a_fit_picture_was_in_no_batch() -> None:
    metrics = Metrics()
    metrics.observe_prediction(BAGS, TIMING_MS, 0, 0.001)
    assert "cutaway_batch_size_count" not in metrics.render().decode()


def test_refusals_are_counted_by_reason() -> None:
    metrics = Metrics()
    for reason in ("queue_full", "queue_full", "deadline_exceeded"):
        metrics.count_rejection(BAGS, reason)
    text = metrics.render().decode()
    total = 'cutaway_rejections_total{model="bags"'
    assert f'{total},reason="queue_full",version="3"}} 2.0' in text
    assert f'{total},reason="deadline_exceeded",version="3"}} 1.0' in text


def test_facts_are_labels_of_the_number_one() -> None:
    metrics = Metrics()
    labels = ("model", "version", "precision", "device")
    about = "What is served, and where."
    metrics.add(Info("cutaway_model_info", about, labels, lambda: [(*BAGS, "bf16", "openvino")]))
    metrics.add(Gauge("cutaway_inspections_pending", "Wait.", lambda: [("x", 7)], label="kind"))
    text = metrics.render().decode()
    facts = 'device="openvino",model="bags",precision="bf16",version="3"'
    assert f"cutaway_model_info{{{facts}}} 1.0" in text
    assert 'cutaway_inspections_pending{kind="x"} 7.0' in text


@pytest.mark.parametrize(("total", "name"), [(False, "cutaway_kept"), (True, "cutaway_kept_total")])
def test_a_number_of_every_version_is_a_gauge_or_a_total(total: bool, name: str) -> None:
    metrics = Metrics()
    metrics.add(ModelGauge("cutaway_kept", "Kept.", lambda: [(BAGS, 2), (("bags", "4"), 5)], total))
    text = metrics.render().decode()
    assert f"# TYPE {name} {'counter' if total else 'gauge'}" in text
    assert f'{name}{{model="bags",version="3"}} 2.0' in text
    assert f'{name}{{model="bags",version="4"}} 5.0' in text


def test_what_a_client_writes_is_no_label() -> None:
    metrics = Metrics()
    metrics.count_request("unmatched", "BREW", 405, 0.001)
    text = metrics.render().decode()
    assert 'cutaway_requests_total{method="other",route="unmatched",status="405"} 1.0' in text
    assert "BREW" not in text


def test_a_version_that_is_gone_is_shown_once_more_and_then_forgotten() -> None:
    metrics = Metrics()
    served: list[Labels] = [BAGS]
    metrics.watch(lambda: served)
    metrics.observe_prediction(BAGS, TIMING_MS, 1, 0.08)
    metrics.count_images(BAGS, "predicted", 1)
    metrics.count_rejection(BAGS, "queue_full")
    assert 'version="3"' in metrics.render().decode()
    served[:] = [("bags", "4")]
    metrics.count_images(("bags", "4"), "predicted", 1)
    metrics.count_images(BAGS, "predicted", 1)
    last = metrics.render().decode()
    assert 'cutaway_images_total{model="bags",outcome="predicted",version="3"} 2.0' in last
    after = metrics.render().decode()
    assert 'version="3"' not in after
    assert 'cutaway_images_total{model="bags",outcome="predicted",version="4"} 1.0' in after


def test_a_version_that_comes_back_in_time_keeps_its_numbers() -> None:
    metrics = Metrics()
    served: list[Labels] = [BAGS]
    metrics.watch(lambda: served)
    metrics.count_images(BAGS, "predicted", 1)
    served.clear()
    metrics.render()
    served.append(BAGS)
    metrics.render()
    served.clear()
    assert 'version="3"' in metrics.render().decode()


def test_the_process_says_what_it_holds() -> None:
    text = Metrics().render().decode()
    for name in ("process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"):
        assert f"\n{name} " in text


def test_errors_are_counted_by_their_code() -> None:
    metrics = Metrics()
    metrics.count_request("/v1/models", "GET", 200, 0.001)
    metrics.count_request("/v1/models", "GET", 429, 0.001, "too_many_requests")
    text = metrics.render().decode()
    errors = 'cutaway_errors_total{code="too_many_requests",route="/v1/models"} 1.0'
    assert [line for line in text.splitlines() if line.startswith("cutaway_errors_total")] == [
        errors
    ]
