import type { Todo, ToolCallPart } from '../../../../../../client/react/index.ts';
import { Icon } from '../../../ui/icons.tsx';

const states: Record<Todo['status'], string> = { pending: 'to do', in_progress: 'in progress', completed: 'done', cancelled: 'canceled' };

/** The agent's to-do list, from the call that wrote it. */
export function TodoList({ call }: { call: ToolCallPart }) {
  const given = call.arguments?.todos;
  const todos: readonly Todo[] = Array.isArray(given) ? given.filter((each) => typeof each?.content === 'string') : [];
  if (todos.length === 0) return null;
  const done = todos.filter(({ status }) => status === 'completed').length;
  return (
    <figure className="todos" aria-label="To-do list">
      <p>
        <Icon name="list" />
        To-do list
        <span className="step-time">
          {done} of {todos.length} done
        </span>
      </p>
      <ul>
        {todos.map(({ id, content, status }) => (
          <li key={id} className={status}>
            <span className="todo-mark">{status === 'completed' && <Icon name="check" />}</span>
            <span>{content}</span>
            <span className="for-readers">, {states[status]}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
