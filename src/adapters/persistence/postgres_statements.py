"""The outbox's statements on PostgreSQL: each is one round trip, and one transaction of its own.

Rows travel as a JSON array, which costs the client next to nothing. The server's clock decides;
``clock_timestamp()``, as ``now()`` is old in a statement that has waited for a lock.
"""

from collections.abc import Mapping

from adapters.persistence import tables

_ACCEPT = """
WITH k AS (
  INSERT INTO {keys}
    (account, key, fingerprint, request_id, created_at, running_until, running_owner)
  SELECT account, key, decode(fingerprint, 'base64'), request_id,
    clock_timestamp(), clock_timestamp() + interval '60 s', %(owner)s::uuid
  FROM json_to_recordset(%(keys)s::json)
    AS v(account text, key text, fingerprint text, request_id uuid)
  ORDER BY account, key  -- processes that wait for one another's keys do so in one order
  {key_exists} RETURNING request_id),
r AS (
  INSERT INTO {requests} (id, channel, text, recipients, sender, reference, created_at,
    route, priority, on_unknown, force, background, callback_url,
    account)
  SELECT id, channel, text, recipients, sender, reference, created_at,
    route, priority, on_unknown, force, background, callback_url, account
  FROM json_to_recordset(%(requests)s::json)
    AS v(keyed uuid, id uuid, channel text, text text, recipients int, sender text,
      reference text, created_at timestamptz, route text, priority int, on_unknown text,
      force boolean, background boolean, callback_url text, account text)
  WHERE keyed IS NULL OR keyed IN (SELECT request_id FROM k)
  {request_exists}),
m AS (
  INSERT INTO {messages} (id, request_id, phone, provider, status, segments, encoding, priority,
    attempts, created_at, updated_at, due_at, expires_at, lease_token, lease_owner, lease_until,
    provider_id, error_code, error_text, provider_code, attempted_at, lookups, resends, diversion)
  SELECT id, request_id, phone, provider, status, segments, encoding, priority,
    attempts, created_at, updated_at,
    coalesce(due_at, least(created_at, clock_timestamp())), expires_at, lease_token,
    CASE WHEN lease_token IS NOT NULL THEN %(owner)s::uuid END,
    clock_timestamp() + make_interval(secs => lease_s),
    provider_id, error_code, error_text, provider_code, attempted_at, lookups, resends, diversion
  FROM json_to_recordset(%(messages)s::json)
    AS v(keyed uuid, id uuid, request_id uuid, phone text, provider text, status text,
      segments int, encoding text, priority int, attempts int, created_at timestamptz,
      updated_at timestamptz, due_at timestamptz, expires_at timestamptz, lease_token uuid,
      lease_s float8, provider_id text, error_code text, error_text text, provider_code text,
      attempted_at timestamptz, lookups int, resends int, diversion text)
  WHERE keyed IS NULL OR keyed IN (SELECT request_id FROM k)
  {message_exists} RETURNING id),
e AS (
  INSERT INTO {events}
    (message_id, at, name, provider, provider_code, text, duration_ms, untold)
  SELECT message_id, at, name, provider, provider_code, text, duration_ms, {untold}
  FROM json_to_recordset(%(events)s::json)
    AS v(message_id uuid, at timestamptz, name text, provider text,
      provider_code text, text text, duration_ms int)
  WHERE message_id IN (SELECT id FROM m))
SELECT request_id FROM k
"""
_FIRST = {
    "{key_exists}": "ON CONFLICT DO NOTHING",
    "{request_exists}": "",
    "{message_exists}": "",
}
_AGAIN = {
    "{key_exists}": "ON CONFLICT (account, key) DO UPDATE SET request_id = excluded.request_id "
    "WHERE {keys}.request_id = excluded.request_id",
    "{request_exists}": "ON CONFLICT (id) DO NOTHING",
    "{message_exists}": "ON CONFLICT (id) DO UPDATE SET status = NULL "
    "WHERE {messages}.request_id <> excluded.request_id",
}
"""What is there already where an acceptance is repeated, as the answer to its commit was lost.

Its own key, request and messages are as they should be; another request's message is refused, for
no status is ``NULL``. ``DO UPDATE`` also sees what was committed since the statement began.
"""

_SETTLE = """
WITH v AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(rows)s::json)
    AS v(n int, id uuid, token uuid, was text, status text, provider text,
      updated_at timestamptz, attempts int, attempted_at timestamptz, provider_id text,
      error_code text, error_text text, provider_code text, resends int, lookups int,
      wait_s float8, renewed uuid, lease_s float8)),
u AS (
  UPDATE {messages} m SET
    status = v.status, provider = v.provider, updated_at = v.updated_at, attempts = v.attempts,
    attempted_at = v.attempted_at, provider_id = v.provider_id, error_code = v.error_code,
    error_text = v.error_text, provider_code = v.provider_code, resends = v.resends,
    lookups = v.lookups,
    due_at = CASE WHEN v.status = 'queued'
      THEN clock_timestamp() + make_interval(secs => coalesce(v.wait_s, 0)) ELSE m.due_at END,
    lookup_at = CASE WHEN v.status IN ('unknown', 'submitted')
      THEN clock_timestamp() + make_interval(secs => v.wait_s) END,
    lease_token = coalesce(v.renewed, m.lease_token),
    lease_owner = CASE WHEN v.renewed IS NOT NULL THEN m.lease_owner END,
    lease_until = CASE WHEN v.renewed IS NULL THEN m.lease_until
      ELSE clock_timestamp() + make_interval(secs => v.lease_s) END
  FROM v WHERE m.id = v.id AND m.lease_token = v.token AND m.lease_owner IS NOT NULL
    AND m.status IN (v.was, 'unknown')  -- the sweep leaves the lease to whoever knows better
  RETURNING v.n),
e AS (
  INSERT INTO {events}
    (message_id, at, name, provider, provider_code, text, duration_ms, untold)
  SELECT message_id, at, name, provider, provider_code, text, duration_ms, {untold}
  FROM json_to_recordset(%(events)s::json)
    AS e(line int, settlement int, message_id uuid, at timestamptz, name text, provider text,
      provider_code text, text text, duration_ms int)
  JOIN u ON u.n = e.settlement
  ORDER BY e.line)
SELECT v.n, u.n IS NOT NULL AS written, coalesce(
  m.lease_token = v.renewed
  OR (m.lease_token = v.token AND (m.lease_owner IS NULL OR m.status <> v.was)), false) AS already
FROM v LEFT JOIN u ON u.n = v.n LEFT JOIN {messages} m ON u.n IS NULL AND m.id = v.id
"""
"""``already``: it was written before, and the answer to that commit was lost."""

_RELEASE = """
UPDATE {messages} m SET status = 'queued', attempts = attempts - 1,
  lease_token = NULL, lease_owner = NULL, due_at = clock_timestamp(), updated_at = clock_timestamp()
FROM json_to_recordset(%(rows)s::json) AS v(id uuid, token uuid)
WHERE m.id = v.id AND m.lease_token = v.token AND m.status = 'sending'
RETURNING m.provider
"""

_CANCEL = """
WITH u AS (
  UPDATE {messages} SET status = 'canceled', updated_at = %(at)s::timestamptz
  WHERE id = %(id)s::uuid AND status = 'queued' AND resends = 0 RETURNING id)
INSERT INTO {events}
  (message_id, at, name, provider, provider_code, text, duration_ms, untold)
SELECT id, %(at)s::timestamptz, %(name)s, %(provider)s, %(provider_code)s, %(text)s,
  %(duration_ms)s::int, {untold}
FROM u RETURNING message_id
"""

_DIVERT = """
WITH c AS MATERIALIZED (
  SELECT id, (
    SELECT code FROM unnest(string_to_array(diversion, ',')) WITH ORDINALITY AS r(code, n)
    WHERE code <> ALL(%(avoid)s::text[]) ORDER BY n LIMIT 1) AS target
  FROM {messages}
  WHERE status = 'queued' AND diversion IS NOT NULL AND provider = %(provider)s
    AND due_at <= statement_timestamp()
    AND NOT string_to_array(diversion, ',') <@ %(avoid)s::text[]
  ORDER BY due_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
u AS (
  UPDATE {messages} m SET provider = c.target, updated_at = clock_timestamp()
  FROM c WHERE m.id = ANY(ARRAY(SELECT id FROM c)) AND m.id = c.id RETURNING m.id, m.provider),
e AS (
  INSERT INTO {events} (message_id, at, name, provider, text)
  SELECT id, clock_timestamp(), 'routed', provider, %(text)s FROM u)
SELECT provider, count(*) AS moved FROM u GROUP BY provider
"""

_DOUBT = """
WITH c AS MATERIALIZED (
  SELECT id FROM {messages} WHERE status = 'sending' AND lease_until < statement_timestamp()
  ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED),
u AS (
  UPDATE {messages} SET status = 'unknown', updated_at = clock_timestamp(),
    lookup_at = clock_timestamp(),
    error_code = 'unconfirmed', error_text = %(text)s, provider_code = NULL
  WHERE id = ANY(ARRAY(SELECT id FROM c)) RETURNING id, provider)
INSERT INTO {events} (message_id, at, name, provider, text, untold)
SELECT id, clock_timestamp(), 'unknown', provider, %(text)s, {untold} FROM u RETURNING message_id
"""

_EXPIRE = """
WITH c AS MATERIALIZED (
  SELECT id FROM {messages} WHERE status = 'queued' AND expires_at <= statement_timestamp()
  ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
u AS (
  UPDATE {messages} SET updated_at = clock_timestamp(), provider_code = NULL,
    status = CASE WHEN resends = 0 THEN 'expired' ELSE 'unknown' END,
    lookup_at = CASE WHEN resends > 0 THEN clock_timestamp() END,
    error_code = CASE WHEN resends = 0 THEN 'expired' ELSE 'unconfirmed' END,
    error_text = CASE WHEN resends = 0 THEN %(text)s ELSE %(again)s END
  WHERE id = ANY(ARRAY(SELECT id FROM c)) RETURNING id, provider, status, error_text)
INSERT INTO {events} (message_id, at, name, provider, text, untold)
SELECT id, clock_timestamp(), status, provider, error_text, {untold} FROM u RETURNING name
"""

_BACKLOG = """
SELECT provider, priority,
  extract(epoch FROM clock_timestamp() - oldest.due_at)::float8 AS age_s
FROM unnest(%(providers)s::text[]) AS p(provider)
CROSS JOIN unnest(%(lanes)s::smallint[]) AS l(priority)
CROSS JOIN LATERAL (
  SELECT due_at FROM {messages} m
  WHERE status = 'queued' AND m.provider = p.provider AND m.priority = l.priority
    AND due_at <= statement_timestamp()
  ORDER BY due_at LIMIT 1) AS oldest
"""


def filled_in(statement: str, schema: str, *, announced: bool = False) -> str:
    """Return a statement with its tables named in full.

    Args:
        statement: with the tables' names in braces.
        schema: where they are.
        announced: webhooks are made of what happens.
    """
    quoted = '"{}"'.format(schema.replace('"', '""').replace("%", "%%"))
    return statement.format(
        messages=f"{quoted}.{tables.messages.name}",
        requests=f"{quoted}.{tables.requests.name}",
        events=f"{quoted}.{tables.events.name}",
        keys=f"{quoted}.{tables.idempotency_keys.name}",
        states=f"{quoted}.{tables.provider_states.name}",
        untold="true" if announced else "NULL::boolean",
    )


def _replaced(statement: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        statement = statement.replace(name, part)
    return statement


class Statements:
    """All but the claims, for one schema."""

    def __init__(self, schema: str, *, announced: bool) -> None:
        """Fill them in; see ``filled_in``."""
        self.accept = filled_in(_replaced(_ACCEPT, _FIRST), schema, announced=announced)
        self.accept_again = filled_in(_replaced(_ACCEPT, _AGAIN), schema, announced=announced)
        self.settle = filled_in(_SETTLE, schema, announced=announced)
        self.release = filled_in(_RELEASE, schema)
        self.cancel = filled_in(_CANCEL, schema, announced=announced)
        self.divert = filled_in(_DIVERT, schema)
        self.doubt = filled_in(_DOUBT, schema, announced=announced)
        self.expire = filled_in(_EXPIRE, schema, announced=announced)
        self.backlog = filled_in(_BACKLOG, schema)
