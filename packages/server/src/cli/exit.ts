/** Exit codes of the command line; the same for every command. `sendmail` has those of sysexits. */

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  later: 6,
  partly: 7,
  problems: 8,
  timedOut: 9,
  interrupted: 130,
} as const;
export type ExitKind = keyof typeof exitCodes;

/** For cron, git and everything else that was written for /usr/sbin/sendmail. */
export const sysexits = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noUser: 67,
  noHost: 68,
  unavailable: 69,
  software: 70,
  temporary: 75,
  noPermission: 77,
  config: 78,
} as const;
