import type { RunSummary } from '../../../../../client/index.ts';
import { count, duration, When } from '../../components/format.tsx';
import { costOf } from '../../components/money.ts';
import { More, rowsOf, usePages } from '../../components/paging.tsx';
import { Empty, QueryState } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { RunBadge } from './status.tsx';

/** The runs of a thread, newest first. */
export function RunList({ threadId, onOpen }: { threadId: string; onOpen: (runId: string) => void }) {
  const runs = usePages(['runs', threadId], (page) => client.runs.list({ query: { thread_id: threadId, limit: 30, ...page } }));
  return (
    <div className="inspector-body">
      <QueryState
        query={{ ...runs, data: rowsOf(runs.data) }}
        empty={<Empty title="No runs yet">Each answer of the agent is a run. It appears here as soon as you send a message.</Empty>}
      >
        {(rows) => (
          <ul className="run-list">
            {rows.map((run) => (
              <li key={run.run_id}>
                <button type="button" className="run-row" onClick={() => onOpen(run.run_id)}>
                  <span className="run-name">
                    {run.model ?? 'No model yet'}
                    {run.persona_id && <span className="muted"> · {run.persona_id}</span>}
                  </span>
                  <RunBadge status={run.status} />
                  <span className="muted small run-meta">{metaOf(run)}</span>
                  <span className="muted small">
                    <When at={run.created_at} />
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
      <More query={runs} />
    </div>
  );
}

const metaOf = (run: RunSummary): string =>
  [
    run.duration_ms !== null && duration(run.duration_ms),
    run.total_input_tokens !== null && `${count(run.total_input_tokens + (run.total_output_tokens ?? 0))} tokens`,
    run.total_cost_usd !== null && costOf(run.total_cost_usd, (run.total_input_tokens ?? 0) + (run.total_output_tokens ?? 0)),
  ]
    .filter(Boolean)
    .join(' · ');
