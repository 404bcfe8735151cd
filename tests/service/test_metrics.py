"""What is counted is what Prometheus reads."""

from service.metrics import Gauge, Info, Metrics

TIMING_MS = {"decode": 3.0, "queue": 0.4, "inference": 80.0}


def test_a_prediction_is_in_the_histograms_of_its_model() -> None:
    metrics = Metrics()
    metrics.observe_prediction("bags", TIMING_MS, 8, 0.0861)
    metrics.observe_prediction("bags", TIMING_MS, 3, 0.0861)
    text = metrics.render().decode()
    assert 'cutaway_decode_seconds_bucket{le="0.0025",model="bags"} 0.0' in text
    assert 'cutaway_decode_seconds_bucket{le="0.005",model="bags"} 2.0' in text
    assert 'cutaway_queue_seconds_bucket{le="0.001",model="bags"} 2.0' in text
    assert 'cutaway_inference_seconds_sum{model="bags"} 0.16' in text
    assert 'cutaway_prediction_seconds_bucket{le="+Inf",model="bags"} 2.0' in text
    assert 'cutaway_prediction_seconds_count{model="bags"} 2.0' in text
    assert 'cutaway_batch_size_bucket{le="4",model="bags"} 1.0' in text
    assert 'cutaway_batch_size_sum{model="bags"} 11.0' in text


def test_a_request_without_a_fit_picture_was_in_no_batch() -> None:
    metrics = Metrics()
    metrics.observe_prediction("bags", TIMING_MS, 0, 0.001)
    assert "cutaway_batch_size_count" not in metrics.render().decode()


def test_refusals_are_counted_by_reason() -> None:
    metrics = Metrics()
    for reason in ("queue_full", "queue_full", "deadline_exceeded"):
        metrics.count_rejection("bags", reason)
    text = metrics.render().decode()
    assert 'cutaway_rejections_total{model="bags",reason="queue_full"} 2.0' in text
    assert 'cutaway_rejections_total{model="bags",reason="deadline_exceeded"} 1.0' in text


def test_facts_are_labels_of_the_number_one() -> None:
    metrics = Metrics()
    labels = ("model", "version", "precision", "device")
    about = "What is served, and where."
    metrics.add(
        Info("cutaway_model_info", about, labels, lambda: [("bags", "3", "bf16", "openvino")])
    )
    metrics.add(Gauge("cutaway_queued_images", "Waiting.", lambda: [("bags", 7)]))
    text = metrics.render().decode()
    facts = 'device="openvino",model="bags",precision="bf16",version="3"'
    assert f"cutaway_model_info{{{facts}}} 1.0" in text
    assert 'cutaway_queued_images{model="bags"} 7.0' in text


def test_what_a_client_writes_is_no_label() -> None:
    metrics = Metrics()
    metrics.count_request("unmatched", "BREW", 405, 0.001)
    text = metrics.render().decode()
    assert 'cutaway_requests_total{method="other",route="unmatched",status="405"} 1.0' in text
    assert "BREW" not in text
