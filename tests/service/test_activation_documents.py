"""What the documents say of activations is what the service does."""

from pathlib import Path

import httpx

from service.activation_options import ActivationOptions
from service.activation_schemas import ActivationsAnswer
from service.errors import STATUSES

REFERENCE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
PATH = "/v1/models/{model}/activations"


def test_the_openapi_document_has_every_parameter_status_and_form(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    operation = document["paths"][PATH]["post"]
    parameters = {item["name"]: item for item in operation["parameters"] if item["in"] == "query"}
    assert set(parameters) == set(ActivationOptions.model_fields)
    assert all(item["description"] for item in parameters.values())
    assert [name for name, item in parameters.items() if item["required"]] == ["layer"]
    ours = {str(status) for status, _ in STATUSES.values()} - {"501"}  # the protocol's alone
    statuses = ours | {"200", "500"}
    assert set(operation["responses"]) == statuses
    content = operation["responses"]["200"]["content"]
    assert set(content) == {"application/json", "application/x-npz", "image/png"}
    assert content["application/json"]["schema"]["$ref"].endswith("/ActivationsAnswer")
    headers = operation["responses"]["200"]["headers"]
    assert set(headers) == {"X-Cutaway-Range", "X-Cutaway-Layout"}
    refused = operation["responses"]["422"]["content"]["application/json"]["schema"]
    assert refused["$ref"].endswith("/ErrorBody")


def test_the_answer_is_of_its_schema(client: httpx.Client, pictures: tuple[bytes, ...]) -> None:
    files = [("image", pictures[0]), ("image", b"bad")]
    for query in ("layer=*", "layer=rescaling&values=true&crop=0,0,2,3&sort=contribution"):
        answer = client.post(f"/v1/models/colours/activations?{query}", files=files)
        written = ActivationsAnswer.model_validate_json(answer.content)
        assert written.model_dump(exclude_unset=True, mode="json") == answer.json()


def test_the_reference_has_every_parameter() -> None:
    section = REFERENCE.partition("\n## Activations\n")[2].partition("\n## ")[0]
    for name in ActivationOptions.model_fields:
        assert f"| `{name}` |" in section, name
