/** Bounds of the checks, each with its reason. */

export const checkLimits = {
  /**
   * QUIRK: RFC 5321 §6.3 asks for 100. Real mail has fewer than 20; Postfix stops at 50, Exim at
   * 30.
   */
  receivedMax: 50,
} as const;
