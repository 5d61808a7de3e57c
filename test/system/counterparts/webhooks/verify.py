"""Verifies signed requests: reads one JSON object per line and prints whether the library accepts it."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    asked = json.loads(line)
    try:
        Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
        print("true")
    except WebhookVerificationError:
        print("false")
