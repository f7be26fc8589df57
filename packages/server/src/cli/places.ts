/** Where things lie on this machine: the running lab, the configuration, the data folder. */

import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * The folder in which a lab says where it is: one per user, closed to others. A folder of somebody
 * else's under that name is not believed.
 */
export function labFolder(env: NodeJS.ProcessEnv): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime !== '' && existsSync(runtime)) {
    return path.join(runtime, 'merpati-lab');
  }
  return path.join(os.tmpdir(), `merpati-lab-${process.getuid?.() ?? 'user'}`);
}

/** The data folder of the running lab; null when none has said where it is. */
export function currentLab(env: NodeJS.ProcessEnv): string | null {
  const folder = labFolder(env);
  const link = path.join(folder, 'current');
  try {
    const { uid } = lstatSync(folder);
    if (process.getuid !== undefined && uid !== process.getuid()) return null;
    return path.resolve(folder, readlinkSync(link));
  } catch {
    return null;
  }
}

/** `--config`, $MERPATI_CONFIG, ./merpati.toml, /etc/merpati/merpati.toml; null: none of them. */
export function findConfigFile(given: string | null, env: NodeJS.ProcessEnv): string | null {
  const named = given ?? env['MERPATI_CONFIG'];
  if (named !== undefined && named !== null && named !== '') return path.resolve(named);
  const usual = [path.resolve('merpati.toml'), '/etc/merpati/merpati.toml'];
  return usual.find((file) => existsSync(file)) ?? null;
}
