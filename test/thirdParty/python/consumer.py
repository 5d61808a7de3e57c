"""What somebody writes who has nothing but the document: openapi-python-client made `arkloop_api`."""

import json
import sys
from uuid import uuid4

from arkloop_api import AuthenticatedClient, Client
from arkloop_api.api.auth import auth_register
from arkloop_api.api.messages import messages_create, messages_list
from arkloop_api.api.runs import runs_create, runs_events
from arkloop_api.api.threads import threads_create, threads_get, threads_list
from arkloop_api.models import MessageDeltaEvent, NewMessage, NewRun, NewThread, NewUser, Problem, RunCompletedEvent


def must(answer):
    if answer is None or isinstance(answer, Problem):
        raise SystemExit(f"refused: {answer}")
    return answer


base_url = sys.argv[1]
login = f"third-{uuid4().hex[:8]}"
person = NewUser(login=login, email=f"{login}@example.test", password="Passw0rd-1")
registered = must(auth_register.sync(client=Client(base_url=base_url), body=person))
client = AuthenticatedClient(base_url=base_url, token=registered.access_token)

thread = must(threads_create.sync(client=client, body=NewThread(title="From elsewhere")))
must(messages_create.sync(thread.id, client=client, body=NewMessage(content="Hello!")))
run = must(runs_create.sync(thread.id, client=client, body=NewRun(), idempotency_key=str(uuid4())))

events = 0
said = ""
last = None
with client.get_httpx_client().stream(**runs_events._get_kwargs(run.run_id)) as stream:
    for line in stream.iter_lines():
        if not line.startswith("data: "):
            continue
        last = json.loads(line[6:])
        events += 1
        if last["type"] == "message.delta":
            said += MessageDeltaEvent.from_dict(last).data.content_delta
RunCompletedEvent.from_dict(last)
if last["type"] != "run.completed":
    raise SystemExit(f"the last event is {last['type']}")

messages = must(messages_list.sync(thread.id, client=client, limit=10))
threads = threads_list.sync_detailed(client=client, limit=1)
refused = threads_get.sync(uuid4(), client=client)

print(
    json.dumps(
        {
            "events": events,
            "said": said,
            "roles": [str(message.role.value if hasattr(message.role, "value") else message.role) for message in messages],
            "threads": len(must(threads.parsed)),
            "traced": len(threads.headers["x-trace-id"]),
            "refused": str(refused.error.value if hasattr(refused.error, "value") else refused.error),
        }
    )
)
