import httpx
import structlog

from largesse.domain.projects import Project


async def test_one_line_a_request_without_secrets(api: httpx.AsyncClient, project: Project) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = await api.post("/v1/publications?secret=q-secret", json={"customer": "body-secret"})
    [line] = [line for line in lines if line["event"] == "request"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/publications", answer.status_code)
    assert (line["app_id"], line["project"]) == ("test-app-id", project.public_id)
    assert line["duration_ms"] > 0
    assert "secret" not in str(lines)
    assert "test-app-token" not in str(lines)
