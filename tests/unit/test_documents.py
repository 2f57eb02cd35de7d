"""What the documents say is so: settings, commands, links, routes, fields, codes, decisions."""

import inspect
import re
import tomllib
from http import HTTPStatus
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from dotenv import dotenv_values

from domain.audit import AuditAction
from domain.event import EventName
from domain.message import MessageStatus
from domain.outcome import RejectReason, UnavailableKind
from domain.webhook import DeliveryStatus
from entrypoints.checks import check
from entrypoints.cli.main import habar
from entrypoints.container import Container
from entrypoints.failpoints import FAILPOINTS
from entrypoints.http.app import create_app
from entrypoints.http.blacklist_csv import COLUMNS
from entrypoints.http.blacklist_entries import ListedEntryView, get_blacklist_entries
from entrypoints.http.blacklist_import import ImportContent, post_blacklist_import
from entrypoints.http.bodies import EntryBody, SendBody
from entrypoints.http.errors import REPLIES
from entrypoints.http.inbound import get_inbound
from entrypoints.http.inbound_view import InboundView
from entrypoints.http.message_list import get_messages
from entrypoints.http.message_view import EventView, MessageView, RequestView
from entrypoints.http.webhooks import get_deliveries
from entrypoints.http.webhooks_answers import DeliveryView, EndpointView
from entrypoints.http.webhooks_bodies import ReplayBody
from entrypoints.settings import Secret, Settings, read_settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
API = (ROOT / "docs/api.md").read_text(encoding="utf-8")
ENV_EXAMPLE = ROOT / ".env.example"
MARKDOWN = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DEPLOYMENT = [
    ENV_EXAMPLE,
    *(ROOT / name for name in ("Dockerfile", "Makefile", "compose.yaml", "compose.postgres.yaml")),
]
REASONS = {
    *RejectReason,
    *UnavailableKind,
    *("blacklisted", "unconfirmed", "expired", "not_sent", "storage_unavailable"),
}
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FIELDS = {field.name.upper(): field for field in msgspec.structs.fields(Settings)}

# Folders of the image and of any server, and first segments of the API: every other absolute path
# is somebody's own.
IMAGE = {"app", "build", "data", "etc", "opt", "run", "tmp", "usr", "var"}
ROUTES = {
    "sms",
    "call",
    "blacklist",
    "messages",
    "requests",
    "inbound",
    "audit",
    "dashboard",
    "webhooks",
    "metrics",
    "providers",
    "livez",
    "readyz",
    "docs",
    "openapi",
}
PATHS = IMAGE | ROUTES | {"simulator", "callbacks"}
HOSTS = re.compile(
    r"127\.0\.0\.1|host|user:password@host|USER:PASSWORD@HOST|smsc\.ru|smscentre\.com|epochtasms\.ru"
    r"|mobizon\.kz|api\.(twilio|atompark|dublin\.ie1\.twilio)\.com|api\.mobizon\.kz|github\.com"
    r"|keepachangelog\.com|semver\.org|([a-z]+\.)*example\.(com|org)"
)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def first_cells(heading: str) -> list[str]:
    """The codes in the first column of the tables between a heading of docs/api.md and the next."""
    section = API.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.split("|")[1])]


def examples() -> list[tuple[str, str]]:
    """Name and value of each setting in .env.example, whether its line is active or not."""
    return re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$", text_of(ENV_EXAMPLE), re.MULTILINE)


def written(default: object) -> str:
    """Write a default as it stands in .env.example."""
    if default in {None, ()}:
        return ""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_action_of_the_audit_log_is_explained() -> None:
    assert sorted(first_cells("Audit")) == sorted(["action", *AuditAction])


def test_the_example_has_every_setting_once_and_no_other() -> None:
    assert sorted(name for name, _ in examples()) == sorted(FIELDS)


def test_the_example_shows_the_defaults_but_for_the_dummy() -> None:
    shown = {name: written(field.default) for name, field in FIELDS.items()}
    assert dict(examples()) == {**shown, "SMS_DUMMY": "true"}


def test_the_example_is_ready_to_be_copied() -> None:
    values = {k: v for k, v in dotenv_values(ENV_EXAMPLE).items() if v is not None}
    assert values == {"SMS_DUMMY": "true"}
    check(read_settings(values))


def test_every_line_of_the_example_can_be_made_active() -> None:
    assert read_settings(dict(examples())) == msgspec.structs.replace(Settings(), sms_dummy=True)


def test_the_example_explains_files_and_test_points() -> None:
    text = text_of(ENV_EXAMPLE)
    assert "NAME_FILE" in text
    assert all(point in text for point in FAILPOINTS)


@pytest.mark.parametrize("document", [README, *ADRS, ROOT / "docs/api.md"], ids=relative)
def test_settings_that_documents_name_exist(document: Path) -> None:
    prefixes = "SMS|SMSCRU|TWILIO|EPOCHTASMSRU|MOBIZONKZ|DATABASE|PG|HTTP|API|AUTH|LOG|SHUTDOWN"
    prefixes += "|MESSAGE|MAX|FALLBACK|LOOKUP|QUEUE|WEBHOOK"
    named = re.findall(rf"\b((?:{prefixes})_[A-Z_]+[A-Z])\b", text_of(document))
    assert {name.removesuffix("_FILE") for name in named} <= set(FIELDS)


@pytest.mark.parametrize("document", MARKDOWN, ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text_of(document)):
        path, _, anchor = target.partition("#")
        if not path.startswith("http"):
            linked = document.parent / path if path else document
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", MARKDOWN, ids=relative)
def test_commands_that_documents_name_exist(document: Path) -> None:
    fenced = re.findall(r"```sh\n(.*?)```", text_of(document), re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", text_of(document))
    code = "\n".join([*fenced, *inline])
    targets = re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert set(re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)) <= set(targets)
    assert set(re.findall(r"(?:^|[/ ])habar ([a-z]+)\b", code, re.MULTILINE)) <= set(habar.commands)


def test_the_readme_begins_with_the_two_commands() -> None:
    first_block = text_of(README).split("```")[1]
    assert re.findall(r"^make \w+", first_block, re.MULTILINE) == ["make run", "make test"]


def test_the_readme_shows_the_five_calls_and_every_provider() -> None:
    text = text_of(README)
    for call in ("POST", "GET", "DELETE"):
        assert f"curl -X {call} http://127.0.0.1:8080/blacklist" in text
    assert "curl -X POST http://127.0.0.1:8080/sms" in text
    assert "curl -X POST http://127.0.0.1:8080/call" in text
    for page in (ROOT / "docs/providers").iterdir():
        assert f"(docs/providers/{page.name})" in text
        assert f"SMS_PROVIDER={page.stem}" in text


def test_folders_in_the_readme_exist() -> None:
    folders = re.findall(r"`((?:src|tests|docs)/[a-z/]*)`", text_of(README))
    assert len(folders) > len(list((ROOT / "src").glob("[a-z]*/")))
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


@pytest.mark.parametrize("document", [*MARKDOWN, *DEPLOYMENT], ids=relative)
def test_nothing_of_the_machine_it_was_written_on_shows(document: Path) -> None:
    text = text_of(document)
    hosts = set(re.findall(r"[a-z]+://([^/\s:`'\"<>)]+(?::\w+@\w+)?)", text, re.IGNORECASE))
    assert {host for host in hosts if not HOSTS.fullmatch(host)} == set()
    paths = set(re.findall(r"(?<![\w.:/}>~*…)-])/([A-Za-z]\w*)/?", re.sub(r"\w+://\S+", "", text)))
    assert paths <= PATHS


@pytest.mark.parametrize("adr", ADRS, ids=relative)
def test_a_decision_has_its_four_parts(adr: Path) -> None:
    text = text_of(adr)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Status",
        "Context",
        "Decision",
        "Consequences",
    ]
    assert text.startswith(f"# {int(adr.name[:4])}. ")
    assert re.search(r"^(Accepted|Superseded), \w+ \d{4}\.", text, re.MULTILINE)


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_every_library_has_a_reason() -> None:
    reasons = "\n".join(text_of(adr) for adr in ADRS)
    groups = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *(line for g in groups.values() for line in g)]
    names = [re.match(r"[a-z0-9-]+", line)[0] for line in wanted]  # type: ignore[index]
    assert [name for name in names if f"`{name}`" not in reasons] == []


def test_no_other_distribution_owns_one_of_our_package_names() -> None:
    owners = packages_distributions()
    for name in ("domain", "application", "adapters", "entrypoints"):
        assert set(owners.get(name, ["habar"])) == {"habar"}


def test_the_changelog_and_the_image_carry_the_version() -> None:
    version = PROJECT["project"]["version"]
    assert f"## [{version}]" in text_of(ROOT / "CHANGELOG.md")
    for compose in ("compose.yaml", "compose.postgres.yaml"):
        assert f"image: habar:{version}\n" in text_of(ROOT / compose)


async def test_the_routes_are_documented_and_no_others() -> None:
    container = Container(settings=Settings(sms_dummy=True))
    app: Any = create_app(container)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://habar") as client:
        document = (await client.get("/openapi.json")).json()
    served = {f"{m.upper()} {path}" for path, item in document["paths"].items() for m in item}
    head = API.split("\n## ")[0]
    assert set(re.findall(r"`([A-Z]+ /[^`]+)`", head)) == served


def test_the_fields_of_bodies_and_answers_are_documented() -> None:
    def names(*structs: type[msgspec.Struct]) -> set[str]:
        return {field for struct in structs for field in struct.__struct_fields__}

    statuses = set(MessageStatus)
    assert set(first_cells("Send")) - REASONS - {"not_all_accepted"} == names(SendBody)
    assert set(first_cells("Blacklist")) - {"httpx.get", "httpx.delete"} >= names(EntryBody)
    assert set(first_cells("Messages and requests")) - statuses == names(MessageView)
    section = API.split("\n## Messages and requests\n")[1]
    assert [f for f in names(EventView, RequestView) if f"`{f}`" not in section] == []
    assert [s for s in statuses if f"`{s}`" not in section] == []
    assert [e for e in EventName if f"`{e}`" not in section] == []


def test_the_parameters_of_the_list_are_documented() -> None:
    parameters = set(inspect.signature(get_messages.fn).parameters)
    assert set(first_cells("Find")) == parameters - {"stories", "request"}


def test_the_parameters_and_columns_of_the_blacklist_are_documented() -> None:
    parameters = {
        name
        for handler in (get_blacklist_entries, post_blacklist_import)
        for name in inspect.signature(handler.fn).parameters
    }
    parameters -= {"read_blacklist", "import_blacklist", "uploads", "request"}
    assert set(first_cells("The blacklist as a list")) == parameters
    section = API.split("\n## The blacklist as a list\n")[1].split("\n## ")[0]
    fields = [*ListedEntryView.__struct_fields__, *COLUMNS, *ImportContent.__struct_fields__]
    assert [field for field in fields if f"`{field}`" not in section] == []


def test_the_list_of_inbound_messages_is_documented() -> None:
    parameters = set(inspect.signature(get_inbound.fn).parameters)
    assert set(first_cells("Inbound")) == parameters - {"read_inbound"}
    section = API.split("\n## Inbound\n")[1].split("\n## ")[0]
    assert [f for f in InboundView.__struct_fields__ if f"`{f}`" not in section] == []


def test_deliveries_of_webhooks_are_documented() -> None:
    parameters = set(inspect.signature(get_deliveries.fn).parameters) - {"manage_webhooks"}
    structs = (DeliveryView, EndpointView, ReplayBody)
    fields = {field for struct in structs for field in struct.__struct_fields__}
    section = API.split("\n## Webhooks\n")[1].split("\n## ")[0]
    assert [field for field in parameters | fields if f"`{field}`" not in section] == []
    assert [status for status in DeliveryStatus if f"`{status}`" not in section] == []
    assert set(first_cells("Webhooks")) <= parameters | fields


def test_every_reason_of_a_failed_message_is_documented() -> None:
    documented = set(first_cells("Send")) - set(SendBody.__struct_fields__)
    assert documented == REASONS | {"not_all_accepted"}


def documented_errors() -> set[tuple[int, str]]:
    section = API.split("\n## Errors\n")[1]
    found = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", section, re.MULTILINE)
    return {(int(status), code) for status, code in found}


def test_every_broken_rule_is_in_the_table_of_errors() -> None:
    assert {(int(status), code) for status, code in REPLIES.values()} <= documented_errors()


def test_the_table_of_errors_has_what_the_code_has() -> None:
    sources = "\n".join(text_of(path) for path in (ROOT / "src/entrypoints/http").glob("*.py"))
    codes = {code for _, code in documented_errors()}
    assert set(re.findall(r'BodyError\(\s*"(\w+)"', sources)) <= codes
    assert [code for code in codes if f'"{code}"' not in sources] == []
    assert {status for status, _ in documented_errors()} <= {int(s) for s in HTTPStatus}


def test_secrets_are_told_apart() -> None:
    """What .env.example calls a password, token or key is never shown by a repr."""
    secret = re.compile(
        r"_(PASSWORD|TOKENS?|API_KEY|SECRETS?)\Z|\AWEBHOOK_URLS\Z|\AAPI_KEYS\Z|\ADATABASE_URL\Z"
    )
    for name, field in FIELDS.items():
        assert bool(secret.search(name)) == (Secret.__name__ in str(field.type))
