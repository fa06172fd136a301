"""Where invitations lead."""

import pytest

from sunmeter import project


def test_invitations_lead_to_where_the_app_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_URL", "https://meter.example.org/")
    assert project.app_url() == "https://meter.example.org"


def test_without_a_word_they_lead_to_the_projects_own_hosting(monkeypatch: pytest.MonkeyPatch) -> None:
    class App:
        project_id = "my-project"

    monkeypatch.delenv("APP_URL", raising=False)
    monkeypatch.setattr(project, "app", App)
    assert project.app_url() == "https://my-project.web.app"
