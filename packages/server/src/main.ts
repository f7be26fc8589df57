/**
 * The composition root of production: one home in the real world, as a process that obeys signals.
 */

import { createLog } from './observe/log.ts';
import { productVersion } from './observe/version.ts';
import { realWorld } from './real-world.ts';
import { startHome } from './serve.ts';
import { protocolThreads } from './threads/protocol-threads.ts';
import { startControlSocket } from './http/control-socket.ts';
import type { Config } from './config/schema.ts';
import type { Home } from './home.ts';

/** Longer than this a shutdown must not take; systemd would kill us after 90 s. */
const stopMsMax = 60_000;

/**
 * Runs until SIGTERM or SIGINT. SIGHUP takes a new certificate; connections that are open keep
 * theirs. `reread` reads the configuration again, for the certificate's place; `warnings` go into
 * the log.
 */
export async function runServer(
  config: Config,
  about: { readonly reread: () => Config; readonly warnings: readonly string[] },
): Promise<void> {
  const log = createLog({ level: config.log.level, readable: process.stderr.isTTY });
  for (const text of about.warnings) log.warn({ event: 'config.warning' }, text);
  const world = realWorld(config.dns);
  const threads = await protocolThreads(config, log);
  const running = await startHome(config, world, { log, threads });
  const { home } = running;
  const server = { startedMs: world.nowMs(), version: productVersion() };
  const context = { homes: [home], lab: null, server } as const;
  const stop = async (): Promise<void> => {
    setTimeout(() => {
      log.error({ event: 'server.stop-slow' }, 'something does not end: giving up');
      process.exit(1);
    }, stopMsMax).unref();
    await running.stop();
  };
  let control: Awaited<ReturnType<typeof startControlSocket>>;
  try {
    control = await startControlSocket(context, config.data);
  } catch (error) {
    await stop();
    throw error;
  }
  const reload = () => void reloadCertificate(home, about.reread);
  process.on('SIGHUP', reload);
  const signal = await toldToStop();
  log.info({ event: 'server.signal', signal });
  process.off('SIGHUP', reload);
  await control.stop();
  await stop();
}

function toldToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => resolve(signal));
    }
  });
}

async function reloadCertificate(home: Home, reread: () => Config): Promise<void> {
  try {
    await home.certificates?.reload(reread().tls);
    home.log.info({ event: 'tls.reloaded' });
  } catch (error) {
    home.log.error({ event: 'tls.reload', err: error }, 'the old certificate stays in use');
  }
}
