import type { Task } from '../task.ts';

const config = (port: number) => `# The server\nhost = 0.0.0.0\nport = ${port}\n\n# Its neighbor\nupstream_port = 8080\ntimeout = 30\n`;

export const editFile: Task = {
  name: 'edit-file',
  prompt: 'In /server.conf, change the port of the server from 8080 to 9090. Change nothing else.',
  files: { '/server.conf': config(8_080) },
  turns: [
    [['workspace_read', { path: '/server.conf' }]],
    [['workspace_edit', { path: '/server.conf', old_text: '\nport = 8080', new_text: '\nport = 9090', sha256: '{{0.sha256}}' }]],
    'The server listens on port 9090 now.',
  ],
  check: async ({ text }) => ({ 'only the port changed': (await text('/server.conf')) === config(9_090) }),
};
