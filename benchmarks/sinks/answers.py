"""What the fake provider says when it takes a message."""

SMSC_BODY = '{"id":%s,"cnt":1}'
TWILIO_BODY = (
    '{"sid":"SM%s","status":"queued","error_code":null,"error_message":null,'
    '"num_segments":"1","direction":"outbound-api","price":null}'
)
PLAIN_BODY = "0: Accepted"
NO_SUCH_PATH = '{"error":"no such path"}'
