#!/usr/bin/env node
import { runKit } from './main.ts';

process.exitCode = await runKit(process.argv.slice(2), process.env);
