// The table of contents: every resource of the API, under the name it has in the client and in the documents.
export { accounts } from './accounts.ts';
export { apiKeys } from './apiKeys.ts';
export { auth } from './auth.ts';
export { bootstrap } from './bootstrap.ts';
export { invitations } from './invitations.ts';
export { llmModels, llmProviders } from './llmProviders.ts';
export { me } from './me.ts';
export { messages } from './messages.ts';
export { projects } from './projects.ts';
export { runs } from './runs.ts';
export { teams } from './teams.ts';
export { threads } from './threads.ts';
export { workspaces } from './workspaces.ts';
