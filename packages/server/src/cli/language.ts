/** Which language the command line speaks: `--lang`, else the locale of the environment. */

export type Language = 'en' | 'id';

let current: Language = 'en';

export const language = (): Language => current;

export function setLanguage(chosen: Language): void {
  current = chosen;
}

/** The text in the language spoken now; both stand side by side where they are used. */
export function say(en: string, id: string): string {
  return current === 'id' ? id : en;
}

/**
 * Looks at the arguments before anything else is loaded, so that help and errors are right from the
 * start.
 */
export function pickLanguage(args: readonly string[], env: NodeJS.ProcessEnv): Language {
  for (const [i, arg] of args.entries()) {
    if (arg === '--') break;
    const value = arg === '--lang' ? args[i + 1] : /^--lang=(.*)$/.exec(arg)?.[1];
    if (value === 'id' || value === 'en') return value;
  }
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^(id|in)([_.@-]|$)/i.test(locale) ? 'id' : 'en';
}
