"""Every peer, in its first form, answers the class that we do."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.answers import find_best, top_class
from benchmarks.contenders import ours, peers
from benchmarks.forms import body_for
from benchmarks.peers.network import Network, PeerSettings
from benchmarks.pictures import Bodies, make_bodies
from benchmarks.processes import memory
from benchmarks.servers import Server, running
from bundle.repository import Bundle
from engine.classifier import Classifier


@pytest.fixture
def bodies(colours: Bundle, tmp_path: Path) -> Bodies:
    folder = tmp_path / "bodies"
    folder.mkdir()
    return make_bodies(colours, folder)


def test_pillow_and_a_plain_session_find_our_class(colours: Bundle, bodies: Bodies) -> None:
    network = Network(PeerSettings(colours.folder))
    [answer] = network.classify([network.decode(bodies.jpeg)])
    classifier = Classifier(colours)
    scores = classifier.predict(classifier.decode(bodies.jpeg)[None])[0]
    assert find_best(answer) == scores.argmax()
    assert answer["classes"][0]["score"] == pytest.approx(scores.max(), abs=0.02)


def test_settings_travel_through_the_environment(
    colours: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = PeerSettings(colours.folder, workers=3, threads=2, max_batch=8, provider="openvino")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert PeerSettings.read() == settings


@pytest.mark.parametrize("peer", ["LitServe", "FastAPI", "BentoML batchable", "Cutaway"])
def test_a_server_answers_our_class(peer: str, colours: Bundle, bodies: Bodies) -> None:
    if peer == "LitServe" and find_spec("litserve") is None:
        pytest.skip("LitServe is in requirements/bench.txt alone: deploy/bench.sh installs it")
    server: Server = ours(colours) if peer == "Cutaway" else peers(colours)[peer][0]
    with running(server) as started:
        classifier = Classifier(colours)
        scores = classifier.predict(classifier.decode(bodies.jpeg)[None])[0]
        body = body_for(server, bodies.raw, bodies.peers_form)
        assert top_class(started, body) == scores.argmax()
        assert 0 < started.start_seconds < 180
        assert memory(started.pid).tree > 0


def test_the_class_is_found_in_every_shape_of_answer() -> None:
    classes = [{"class_id": 7, "label": "seven", "score": 0.9}]
    assert find_best({"results": [{"image": None, "classes": classes}]}) == 7
    assert find_best([{"classes": classes}]) == 7
    with pytest.raises(ValueError, match="expected an answer with classes"):
        find_best({"error": "no"})
