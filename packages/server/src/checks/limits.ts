/** Bounds of the checks, each with its reason. */

export const checkLimits = {
  /**
   * QUIRK: RFC 5321 §6.3 asks for 100. Real mail has fewer than 20; Postfix stops at 50, Exim at
   * 30.
   */
  receivedMax: 50,
  /** Questions to the DNS for one message; honest ones ask ten to thirty. */
  questionsMax: 300,
  /** From fields that are looked at; honest mail has one. */
  fromFieldsMax: 10,
  /** Names at which a policy is asked for ahead: what most domains need. */
  policyNamesMax: 4,
  /** Characters of a record or a name as journeys and replies show them. */
  shownMax: 120,
} as const;

/** Text of strangers as it may stand in a reply or a journey: short, and visible ASCII. */
export function shown(text: string): string {
  const { shownMax } = checkLimits;
  const short = text.length > shownMax ? `${text.slice(0, shownMax - 1)}…` : text;
  return short.replaceAll(/[^\x20-\x7e…]/g, '?');
}
