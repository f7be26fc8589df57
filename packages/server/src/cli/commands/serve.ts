/** `merpati serve`: the server, in the foreground, until it is told to stop. */

import type { Command } from 'commander';
import { StoreRefused } from '@merpati/store/contract.ts';
import { checkConfig } from '../../config/check.ts';
import type { Cli } from '../cli.ts';
import { Failure } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { loadConfig, problemLine } from '../load-config.ts';
import { findConfigFile } from '../places.ts';
import { storeFailure } from '../store-refused.ts';

export function register(serve: Command, cli: () => Cli): void {
  serve.action(async () => {
    const { globals } = cli();
    const file = findConfigFile(globals.config, process.env);
    const { config } = loadConfig(file, globals.data);
    const problems = checkConfig(config, Date.now());
    const errors = problems.filter((one) => one.severity === 'error');
    if (errors.length > 0) {
      throw new Failure('config.wrong', 'failed', {
        what: say('cannot start the server', 'server tidak bisa dimulai'),
        why: say('the configuration has mistakes', 'konfigurasinya keliru'),
        next: errors.map(problemLine).join('\n'),
      });
    }
    const { runServer } = await import('../../main.ts');
    try {
      const warnings = problems.map(problemLine);
      await runServer(config, { reread: () => loadConfig(file, globals.data).config, warnings });
    } catch (error) {
      throw startFailure(error);
    }
  });
  examples(serve, ['merpati serve --config /etc/merpati/merpati.toml']);
}

/** What keeps a server from starting, in words; anything else is a mistake of ours. */
export function startFailure(error: unknown): unknown {
  const what = say('cannot start the server', 'server tidak bisa dimulai');
  if (error instanceof StoreRefused) {
    return storeFailure(error, what, {
      exit: 'conflict',
      next: say(
        'merpati status asks the one that runs.',
        'merpati status bertanya ke yang berjalan.',
      ),
    });
  }
  const { code, port, address, syscall } = error as NodeJS.ErrnoException & {
    readonly port?: number;
    readonly address?: string;
  };
  if (syscall !== 'listen' && syscall !== 'bind') return error;
  const place = `${address ?? ''}:${port ?? ''}`;
  if (code === 'EADDRINUSE') {
    return new Failure('listen.in-use', 'conflict', {
      what,
      why: say(`${place} is in use by another program`, `${place} dipakai program lain`),
      next: `ss -ltnp 'sport = :${port ?? ''}'`,
    });
  }
  if (code === 'EACCES') {
    return new Failure('listen.forbidden', 'notAllowed', {
      what,
      why: say(`this user may not open ${place}`, `user ini tidak boleh membuka ${place}`),
      next: 'setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v node)")"',
    });
  }
  return error;
}
