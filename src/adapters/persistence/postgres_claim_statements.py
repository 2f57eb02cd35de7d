"""Claims on PostgreSQL: messages that are due, and slots at the provider's rate, in one statement.

The rate is GCRA on the provider's row: ``tat`` is the next free slot. Where there is a rate the row
is locked, so that no two processes take the same slot; but only once a message is known to be due,
so that a claim that takes nothing writes nothing.
"""

from adapters.persistence.postgres_statements import filled_in
from adapters.persistence.slots import LONGEST_AWAY_S

_KNOW = """
INSERT INTO {states} (provider, tat, paused_until)
VALUES (%(state)s, to_timestamp(0), to_timestamp(0)) ON CONFLICT DO NOTHING
"""

_DUE_IN_LANES = """
WITH due AS MATERIALIZED (
  SELECT EXISTS (
    SELECT FROM unnest(%(lanes)s::smallint[]) AS lane(priority)
    CROSS JOIN LATERAL (
      SELECT FROM {messages} m
      WHERE status = 'queued' AND provider = %(provider)s AND m.priority = lane.priority
        AND due_at <= statement_timestamp() LIMIT 1) AS one) AS found),
"""
_DUE_DOUBTS = """
WITH due AS MATERIALIZED (
  SELECT EXISTS (
    SELECT FROM {messages} WHERE status = '<asked>' AND provider = %(provider)s
      AND lookup_at <= statement_timestamp()) AS found),
"""

_GATE_WITH_RATE = """
s AS MATERIALIZED (
  SELECT tat FROM {states}
  WHERE provider = %(state)s AND (SELECT found FROM due)
    AND {unpaused} AND (retry_at IS NULL OR %(probe)s::boolean)
    AND (tat <= clock_timestamp() + make_interval(secs => %(horizon_s)s)
      OR tat > clock_timestamp() + {farthest})  -- the clock was set back: counts as now
  FOR UPDATE),
b AS MATERIALIZED (
  SELECT at, CASE WHEN tat BETWEEN at AND at + {farthest} THEN tat ELSE at END AS base
  FROM (SELECT tat, clock_timestamp() AS at FROM s) AS locked),
g AS MATERIALIZED (
  SELECT at, base, slots, greatest(0, least(slots, %(limit)s::int)) AS room
  FROM (SELECT at, base, 1 + floor(round(extract(epoch FROM
      at + make_interval(secs => %(horizon_s)s) - base) / %(spacing_s)s::numeric, 6))::int
      AS slots FROM b) AS counted),
"""
_GATE_WITHOUT_RATE = """
g AS MATERIALIZED (
  SELECT at, at AS base, 2147483647 AS slots, %(limit)s::int AS room
  FROM (SELECT clock_timestamp() AS at FROM {states}
    WHERE provider = %(state)s AND (SELECT found FROM due)
      AND {unpaused} AND (retry_at IS NULL OR %(probe)s::boolean)) AS open),
"""

_FROM_LANES = """
c AS MATERIALIZED (
  SELECT m.id, m.cost, row_number() OVER (ORDER BY lane.n, m.due_at, m.id) AS n
  FROM unnest(%(lanes)s::smallint[]) WITH ORDINALITY AS lane(priority, n)
  CROSS JOIN LATERAL (
    SELECT id, segments AS cost, due_at FROM {messages} m
    WHERE status = 'queued' AND provider = %(provider)s AND m.priority = lane.priority
      AND due_at <= (SELECT at FROM g)
      AND (expires_at IS NULL OR expires_at > (SELECT at FROM g))
    ORDER BY due_at LIMIT (SELECT room FROM g) FOR UPDATE SKIP LOCKED) AS m),
"""
_FROM_DOUBTS = """
c AS MATERIALIZED (
  SELECT id, cost, row_number() OVER (ORDER BY lookup_at, id) AS n
  FROM (
    SELECT id, 1 AS cost, lookup_at FROM {messages}
    WHERE status = '<asked>' AND provider = %(provider)s AND lookup_at <= (SELECT at FROM g)
    ORDER BY lookup_at LIMIT (SELECT room FROM g) FOR UPDATE SKIP LOCKED) AS m),
"""

_WITHIN_ROOM = """
t AS MATERIALIZED (
  SELECT c.id, c.n, c.cost, c.before
  FROM (SELECT id, n, cost, sum(cost) OVER (ORDER BY n) - cost AS before FROM c) AS c
  CROSS JOIN g WHERE c.n <= g.room AND c.before < g.slots),
"""

_START = """
u AS (
  UPDATE {messages} SET status = 'sending', updated_at = (SELECT at FROM g),
    attempts = attempts + 1, attempted_at = (SELECT at FROM g), lookups = 0,
    error_code = NULL, error_text = NULL, provider_code = NULL,
    lease_token = %(token)s::uuid, lease_owner = %(owner)s::uuid,
    lease_until = (SELECT at FROM g) + make_interval(secs => %(lease_s)s)
  WHERE id = ANY(ARRAY(SELECT id FROM t)) RETURNING *)
"""
_ASK = """
u AS (
  UPDATE {messages} SET lookups = lookups + 1, lease_token = %(token)s::uuid,
    lease_owner = %(owner)s::uuid,
    lookup_at = (SELECT at FROM g) + make_interval(secs => %(lease_s)s)
  WHERE id = ANY(ARRAY(SELECT id FROM t)) RETURNING *)
"""

_RESERVE = """
, w AS (
  UPDATE {states} SET tat = g.base
    + make_interval(secs => %(spacing_s)s::float8 * (SELECT sum(cost) FROM t)::float8)
  FROM g WHERE provider = %(state)s AND EXISTS (SELECT FROM t))
"""

_TAKEN = """
SELECT u.*, r.channel, r.text, r.sender, r.reference, r.route, r.on_unknown, r.force,
  extract(epoch FROM g.base - g.at)::float8 + %(spacing_s)s::float8 * t.before::float8
    AS start_in_s
FROM u JOIN t ON t.id = u.id JOIN {requests} r ON r.id = u.request_id CROSS JOIN g
ORDER BY t.n
"""

_OUTLOOK = """
SELECT CASE WHEN retry_at > clock_timestamp() + {longest} THEN 0
    ELSE extract(epoch FROM retry_at - clock_timestamp())::float8 END AS retry_s,
  CASE WHEN {unpaused} THEN 0
    ELSE extract(epoch FROM paused_until - clock_timestamp())::float8 END AS paused_s,
  CASE WHEN tat > clock_timestamp() + {farthest} THEN 0
    ELSE extract(epoch FROM tat - clock_timestamp())::float8 END AS slot_s,
  extract(epoch FROM due.next_at - clock_timestamp())::float8 AS due_s
FROM {states} CROSS JOIN (
  SELECT min(one.due_at) AS next_at FROM unnest(%(lanes)s::smallint[]) AS lane(priority)
  CROSS JOIN LATERAL (
    SELECT due_at FROM {messages} m
    WHERE status = 'queued' AND provider = %(provider)s AND m.priority = lane.priority
      AND (expires_at IS NULL OR expires_at > statement_timestamp())
    ORDER BY due_at LIMIT 1) AS one) AS due
WHERE provider = %(state)s
"""

_UNDO = """
UPDATE {messages} SET status = 'queued', attempts = attempts - 1,
  lease_token = NULL, lease_owner = NULL, due_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE status = 'sending' AND lease_token = ANY(%(tokens)s::uuid[])
"""

_ASKED = "<asked>"
_LONGEST = f"make_interval(secs => {LONGEST_AWAY_S})"
_UNPAUSED = "(paused_until <= clock_timestamp() OR paused_until > clock_timestamp() + {longest})"
_FARTHEST = "make_interval(secs => 120 + %(horizon_s)s::float8)"


class ClaimStatements:
    """The claims of one schema; those with a rate also move the provider's next slot."""

    def __init__(self, schema: str) -> None:
        lanes, doubts = (_FROM_LANES, _WITHIN_ROOM, _START), (_FROM_DOUBTS, _WITHIN_ROOM, _ASK)
        self.know = filled_in(_KNOW, schema)
        self.undo = filled_in(_UNDO, schema)
        self.outlook = _joined(schema, _OUTLOOK)
        self.messages = _joined(schema, _DUE_IN_LANES, _GATE_WITHOUT_RATE, *lanes, _TAKEN)
        self.messages_at_rate = _joined(
            schema, _DUE_IN_LANES, _GATE_WITH_RATE, *lanes, _RESERVE, _TAKEN
        )
        asked = _joined(schema, _DUE_DOUBTS, _GATE_WITHOUT_RATE, *doubts, _TAKEN)
        at_rate = _joined(schema, _DUE_DOUBTS, _GATE_WITH_RATE, *doubts, _RESERVE, _TAKEN)
        self.doubts, self.doubts_at_rate = (_of(s, "unknown") for s in (asked, at_rate))
        self.silent, self.silent_at_rate = (_of(s, "submitted") for s in (asked, at_rate))


def _of(statement: str, status: str) -> str:
    return statement.replace(_ASKED, status)


def _joined(schema: str, *parts: str) -> str:
    text = "".join(parts).replace("{unpaused}", _UNPAUSED).replace("{longest}", _LONGEST)
    return filled_in(text.replace("{farthest}", _FARTHEST), schema)
